import type { Resource } from '../../../machinery/resource.js'
import { ingressClasses } from './ingress-classes.js'
import { ingresses } from './ingresses.js'
import { ipAddresses } from './ip-addresses.js'
import { networkPolicies } from './network-policies.js'
import { serviceCidrs } from './service-cidrs.js'

/** The resources of networking.k8s.io/v1. */
export const networkingResources: readonly Resource[] = [
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCidrs,
] as unknown as readonly Resource[]
