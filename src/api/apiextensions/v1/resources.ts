import type { Resource } from '../../../machinery/resource.js'
import { customResourceDefinitions } from './custom-resource-definitions.js'

/** The resources of apiextensions.k8s.io/v1. */
export const apiextensionsResources: readonly Resource[] = [customResourceDefinitions] as unknown as readonly Resource[]
