import type { Resource } from '../../../machinery/resource.js'
import { newerEvents } from './events.js'

/** The resources of events.k8s.io/v1. */
export const eventsResources: readonly Resource[] = [newerEvents] as unknown as readonly Resource[]
