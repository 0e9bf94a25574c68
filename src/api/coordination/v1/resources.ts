import type { Resource } from '../../../machinery/resource.js'
import { leases } from './leases.js'

/** The resources of coordination.k8s.io/v1. */
export const coordinationResources: readonly Resource[] = [leases] as unknown as readonly Resource[]
