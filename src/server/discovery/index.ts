import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { discoveryStage } from './discovery.js'
import { openApiStage } from './openapi/openapi-stage.js'

export { rootPathsStage } from './root-paths.js'

/** The stages that tell clients what is served. */
export const discoveryStages = (registries: Registries): readonly Stage[] => [
  discoveryStage(registries),
  openApiStage(registries),
]
