import type { Resource } from '../../../machinery/resource.js'
import { deviceClasses } from './device-classes.js'
import { resourceClaims, resourceClaimTemplates } from './resource-claims.js'
import { resourceSlices } from './resource-slices.js'

/** The resources of resource.k8s.io/v1. */
export const resourceResources: readonly Resource[] = [
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
] as unknown as readonly Resource[]
