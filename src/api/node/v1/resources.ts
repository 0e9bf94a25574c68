import type { Resource } from '../../../machinery/resource.js'
import { runtimeClasses } from './runtime-classes.js'

/** The resources of node.k8s.io/v1. */
export const nodeResources: readonly Resource[] = [runtimeClasses] as unknown as readonly Resource[]
