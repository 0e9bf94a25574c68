import type { Resource } from '../../../machinery/resource.js'
import { endpointSlices } from './endpoint-slices.js'

/** The resources of discovery.k8s.io/v1. */
export const discoveryResources: readonly Resource[] = [endpointSlices] as unknown as readonly Resource[]
