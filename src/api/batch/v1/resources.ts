import type { Resource } from '../../../machinery/resource.js'
import { cronJobs } from './cron-jobs.js'
import { jobs } from './jobs.js'

/** The resources of batch/v1. */
export const batchResources: readonly Resource[] = [cronJobs, jobs] as unknown as readonly Resource[]
