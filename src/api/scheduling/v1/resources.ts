import type { Resource } from '../../../machinery/resource.js'
import { priorityClasses } from './priority-classes.js'

/** The resources of scheduling.k8s.io/v1. */
export const schedulingResources: readonly Resource[] = [priorityClasses] as unknown as readonly Resource[]
