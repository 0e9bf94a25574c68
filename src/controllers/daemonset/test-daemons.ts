import type { DaemonSet } from '../../api/apps/v1/index.js'
import type { Node, Pod, Taint } from '../../api/core/v1/index.js'
import { type PodFacts, testPod } from '../test-pods.js'

/** For tests: a daemon set whose current revision is `new`. */
export const testDaemonSet = (spec: object = {}, podSpec: object = {}): DaemonSet =>
  ({
    metadata: { namespace: 'ns', name: 'd', uid: 'd', generation: 2 },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [], ...podSpec } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  }) as never

/** For tests: a node with taints, written `key:effect`, and labels. */
export const testNode = (name: string, taints: readonly string[] = [], labels: Record<string, string> = {}): Node =>
  ({
    metadata: { name, labels },
    spec: { taints: taints.map(text => ({ key: text.split(':')[0], effect: text.split(':')[1] }) as Taint) },
    status: {},
  }) as never

const since = '2026-01-01T00:00:00Z'

/** For tests: a daemon pod of the old revision on a node; ready unless said otherwise. */
export const oldPod = (name: string, node: string, facts: PodFacts = {}): Pod =>
  testPod(name, { node, ready: since, labels: { app: 'd', 'controller-revision-hash': 'old' }, ...facts })

/** For tests: the same of the current revision. */
export const newPod = (name: string, node: string, facts: PodFacts = {}): Pod =>
  oldPod(name, node, { labels: { app: 'd', 'controller-revision-hash': 'new' }, ...facts })

/** For tests: what is observed an hour after the pods became ready. */
export const observe = (set: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]) => ({
  set,
  nodes,
  pods,
  version: { hash: 'new', generation: undefined },
  now: Date.parse(since) + 3_600_000,
})
