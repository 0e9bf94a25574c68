import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { discoveryStage } from './discovery.js'
import type { Registration } from './groups.js'
import { openApiStage } from './openapi/openapi-stage.js'
import type { RemoteDocuments } from './openapi/remote-documents.js'

export type { Registration } from './groups.js'
export { urlOf } from './openapi/openapi-stage.js'
export type { RemoteDocuments } from './openapi/remote-documents.js'
export { rootPathsStage } from './root-paths.js'

/** The stages that tell clients what is served. */
export const discoveryStages = (
  registries: Registries,
  registrations: () => readonly Registration[],
  remote: RemoteDocuments,
): readonly Stage[] => [discoveryStage(registries, registrations), openApiStage(registries, Date.now, remote)]
