import type { Resource } from '../../../machinery/resource.js'
import { flowSchemas } from './flow-schemas.js'
import { priorityLevelConfigurations } from './priority-level-configurations.js'

/** The resources of flowcontrol.apiserver.k8s.io/v1. */
export const flowcontrolResources: readonly Resource[] = [
  flowSchemas,
  priorityLevelConfigurations,
] as unknown as readonly Resource[]
