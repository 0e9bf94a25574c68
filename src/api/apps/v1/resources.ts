import type { Resource } from '../../../machinery/resource.js'
import { controllerRevisions } from './controller-revisions.js'
import { daemonSets } from './daemon-sets.js'
import { deployments } from './deployments.js'
import { replicaSets } from './replica-sets.js'
import { statefulSets } from './stateful-sets.js'

/** The resources of apps/v1. */
export const appsResources: readonly Resource[] = [
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
] as unknown as readonly Resource[]
