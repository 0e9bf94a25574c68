import type { Deployment, DeploymentCondition, ReplicaSet } from '../../api/apps/v1/index.js'
import type { PodTemplateSpec } from '../../api/core/v1/index.js'
import { desiredReplicasAnnotation, maxReplicasAnnotation, revisionAnnotation } from './revision.js'

/** A template for tests, told from others by its image. */
export const template = (image: string, labels: Record<string, string> = { app: 'web' }): PodTemplateSpec =>
  ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } }) as unknown as PodTemplateSpec

export interface DeploymentFacts {
  readonly replicas?: number
  readonly image?: string
  readonly maxSurge?: number | string
  readonly maxUnavailable?: number | string
  readonly spec?: Partial<Deployment['spec']>
  readonly status?: Deployment['status']
  readonly metadata?: Deployment['metadata']
}

/** A deployment named `web` for tests. */
export function deployment(facts: DeploymentFacts = {}): Deployment {
  const { replicas = 10, image = 'app:2', maxSurge = '25%', maxUnavailable = '25%', spec, status, metadata } = facts
  return {
    metadata: { namespace: 'ns', name: 'web', uid: 'd', generation: 1, ...metadata },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template(image),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      progressDeadlineSeconds: 600,
      ...spec,
    },
    status: status ?? {},
  }
}

export interface SetFacts {
  readonly image?: string
  readonly replicas: number
  /** As many as replicas, when absent. */
  readonly available?: number
  readonly desired?: number
  readonly max?: number
  readonly revision?: number
  /** Seconds after the first. */
  readonly created?: number
  readonly status?: Partial<ReplicaSet['status']>
  readonly annotations?: Record<string, string>
}

/** A replica set for tests, whose pods are all there. */
export function replicaSet(name: string, facts: SetFacts): ReplicaSet {
  const { image = name, replicas, available = replicas, desired, max, revision, created = 0, status } = facts
  return {
    metadata: {
      namespace: 'ns',
      name,
      uid: name,
      generation: 1,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1) + created * 1000).toISOString(),
      annotations: {
        ...(desired === undefined ? {} : { [desiredReplicasAnnotation]: String(desired) }),
        ...(max === undefined ? {} : { [maxReplicasAnnotation]: String(max) }),
        ...(revision === undefined ? {} : { [revisionAnnotation]: String(revision) }),
        ...facts.annotations,
      },
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template(image, { app: 'web', 'pod-template-hash': name }),
    },
    status: {
      replicas,
      readyReplicas: available,
      availableReplicas: available,
      terminatingReplicas: 0,
      observedGeneration: 1,
      ...status,
    },
  }
}

export const condition = (
  type: string,
  status: string,
  reason: string,
  at = '2026-01-01T00:00:00Z',
): DeploymentCondition => ({ type, status, reason, lastUpdateTime: at, lastTransitionTime: at, message: '' })
