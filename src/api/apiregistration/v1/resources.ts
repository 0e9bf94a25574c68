import type { Resource } from '../../../machinery/resource.js'
import { apiServices } from './api-services.js'

/** The resources of apiregistration.k8s.io/v1. */
export const apiregistrationResources: readonly Resource[] = [apiServices] as unknown as readonly Resource[]
