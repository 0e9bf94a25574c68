import type { Pod } from '../api/core/v1/index.js'

export interface PodFacts {
  readonly node?: string
  readonly phase?: string
  /** Since when it is ready, in RFC 3339; not ready when absent. */
  readonly ready?: string | undefined
  readonly created?: string
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly deleted?: boolean
  readonly restarts?: number
  readonly ips?: readonly string[]
  readonly spec?: Partial<Pod['spec']>
  readonly owner?: string
}

/** A running pod for tests; its uid is its name. */
export function testPod(name: string, facts: PodFacts = {}): Pod {
  const { node, phase = 'Running', ready, created = '2026-01-01T00:00:00Z', ips, restarts, owner } = facts
  return {
    metadata: {
      namespace: 'ns',
      name,
      uid: name,
      creationTimestamp: created,
      ...(facts.labels ? { labels: facts.labels } : {}),
      ...(facts.annotations ? { annotations: facts.annotations } : {}),
      ...(facts.deleted ? { deletionTimestamp: created } : {}),
      ...(owner
        ? {
            ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
          }
        : {}),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}), ...facts.spec },
    status: {
      phase,
      ...(ips ? { podIPs: ips.map(ip => ({ ip })), podIP: ips[0] ?? '' } : {}),
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastProbeTime: null,
          lastTransitionTime: ready ?? null,
        },
      ],
      ...(restarts === undefined ? {} : { containerStatuses: [{ name: 'c', restartCount: restarts } as never] }),
    },
  }
}
