import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod } from '../../api/core/v1/index.js'
import { testPod } from '../test-pods.js'
import { daemonPod, nodeFit, targetNode } from './daemon-pod.js'
import { FailedPodBackoff } from './failed-pod-backoff.js'
import { planPlacement } from './plan.js'
import { planRollout } from './rollout.js'
import { observeDaemons } from './status.js'
import { newPod, observe, oldPod, testDaemonSet, testNode } from './test-daemons.js'

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort()

describe('nodes that get a daemon pod', () => {
  const cases: readonly (readonly [string, Node, object, boolean, boolean])[] = [
    ['any', testNode('a'), {}, true, true],
    ['cordoned', testNode('a', ['node.kubernetes.io/unschedulable:NoSchedule']), {}, true, true],
    ['unreachable', testNode('a', ['node.kubernetes.io/unreachable:NoExecute']), {}, true, true],
    ['not ready yet', testNode('a', ['node.kubernetes.io/not-ready:NoSchedule']), {}, false, true],
    ['reserved', testNode('a', ['x:NoSchedule']), {}, false, true],
    ['emptied', testNode('a', ['x:NoExecute']), {}, false, false],
    ['rather not', testNode('a', ['x:PreferNoSchedule']), {}, true, true],
    ['tolerated', testNode('a', ['x:NoExecute']), { tolerations: [{ operator: 'Exists' }] }, true, true],
    ['without network', testNode('a', ['node.kubernetes.io/network-unavailable:NoSchedule']), {}, false, true],
    [
      'that provide the network',
      testNode('a', ['node.kubernetes.io/network-unavailable:NoSchedule']),
      { hostNetwork: true },
      true,
      true,
    ],
    ['selected', testNode('a', [], { gpu: '1' }), { nodeSelector: { gpu: '1' } }, true, true],
    ['not selected', testNode('a'), { nodeSelector: { gpu: '1' } }, false, false],
    ['named otherwise', testNode('a'), { nodeName: 'b' }, false, false],
  ]
  for (const [title, node, podSpec, starts, stays] of cases)
    it(title, () => assert.deepEqual(nodeFit(testDaemonSet({}, podSpec))(node), { starts, stays }))
})

it('a daemon pod is bound to its node, whatever the set asked of nodes', () => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'x', operator: 'Exists' }] }] }
  const preferred = [{ weight: 1, preference: {} }]
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    },
  }
  const pod = daemonPod(testDaemonSet({}, { affinity, tolerations: [{ key: 'own', operator: 'Exists' }] }), 'n1', {
    hash: 'h',
    generation: '3',
  })
  assert.equal(targetNode(pod as Pod), 'n1')
  assert.deepEqual(pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution, preferred)
  assert.deepEqual(pod.metadata?.labels, { app: 'd', 'controller-revision-hash': 'h', 'pod-template-generation': '3' })
  assert.deepEqual(
    pod.spec?.tolerations?.map(({ key, effect }) => `${key}:${effect ?? ''}`),
    [
      'own:',
      'node.kubernetes.io/not-ready:NoExecute',
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/memory-pressure:NoSchedule',
      'node.kubernetes.io/pid-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ],
  )
})

const surge = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } }

describe('placement', () => {
  const a = testNode('a')
  const pending = (name: string, node: string) => {
    const { spec } = daemonPod(testDaemonSet(), node, { hash: 'new', generation: undefined })
    return testPod(name, { phase: 'Pending', spec: { affinity: spec?.affinity ?? {} } })
  }
  const cases: readonly (readonly [string, object, readonly Node[], readonly Pod[], string[], string[]])[] = [
    ['every node without a pod gets one', {}, [a, testNode('b')], [newPod('1', 'b')], ['a'], []],
    ['an unscheduled pod counts where it is meant for', {}, [a], [pending('1', 'a')], [], []],
    ['an unscheduled pod for a lost node goes', {}, [a], [newPod('1', 'a'), pending('2', 'b')], [], ['2']],
    [
      'the oldest pod stays',
      {},
      [a],
      [newPod('2', 'a', { created: '2026-01-02T00:00:00Z' }), newPod('1', 'a')],
      [],
      ['2'],
    ],
    ['a failed or succeeded pod goes first', {}, [a], [newPod('1', 'a', { phase: 'Failed' })], [], ['1']],
    ['a pod is waited for while it goes', {}, [a], [newPod('1', 'a', { deleted: true })], [], []],
    ['one that has ended is not', {}, [a], [newPod('1', 'a', { deleted: true, phase: 'Succeeded' })], ['a'], []],
    ['a surging set does not wait', surge, [a], [newPod('1', 'a', { deleted: true })], ['a'], []],
    ['pods leave nodes that are emptied', {}, [testNode('a', ['x:NoExecute'])], [newPod('1', 'a')], [], ['1']],
    ['pods stay on nodes that take no more', {}, [testNode('a', ['x:NoSchedule'])], [newPod('1', 'a')], [], []],
    ['a surge is let be', surge, [a], [oldPod('1', 'a'), newPod('2', 'a', { ready: undefined })], [], []],
    ['a surge is over once the new pod is available', surge, [a], [oldPod('1', 'a'), newPod('2', 'a')], [], ['1']],
    [
      'or the old one is not ready',
      surge,
      [a],
      [oldPod('1', 'a', { ready: undefined }), newPod('2', 'a', { ready: undefined })],
      [],
      ['1'],
    ],
    ['no more than one of either', surge, [a], [newPod('1', 'a'), newPod('2', 'a')], [], ['2']],
  ]
  for (const [title, spec, nodes, pods, create, remove] of cases)
    it(title, () => {
      const plan = planPlacement(observe(testDaemonSet(spec), nodes, pods), () => 0)
      assert.deepEqual([plan.create, names(plan.remove)], [create, remove])
    })

  it('failed pods wait for their turn', () => {
    const plan = planPlacement(observe(testDaemonSet(), [a], [newPod('1', 'a', { phase: 'Failed' })]), () => 500)
    assert.deepEqual([plan.create, plan.remove, plan.ended, plan.retryAfter], [[], [], [], 500])
  })

  it('their turn comes later each time', () => {
    const backoff = new FailedPodBackoff()
    assert.equal(backoff.remaining('s', 'a', 0), 0)
    backoff.note('s', 'a', 0)
    backoff.note('s', 'a', 1000)
    assert.deepEqual([backoff.remaining('s', 'a', 1500), backoff.remaining('s', 'b', 1500)], [1500, 0])
    for (let at = 0; at < 20; at++) backoff.note('s', 'a', 2000)
    assert.equal(backoff.remaining('s', 'a', 2000), 15 * 60_000)
    backoff.forget('s')
    assert.equal(backoff.remaining('s', 'a', 2000), 0)
  })
})

describe('rollout', () => {
  const nodes = [testNode('a'), testNode('b'), testNode('c'), testNode('d')]
  const rolling = (maxUnavailable: number | string, maxSurge: number | string = 0) => ({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
  })
  const all = nodes.map(({ metadata }) => oldPod(`old-${metadata.name}`, metadata.name ?? ''))
  const unready = { ready: undefined }
  const cases: readonly (readonly [string, object, readonly Pod[], string[], string[]])[] = [
    ['one at a time', rolling(1), all, [], ['old-a']],
    ['by share, rounded up', rolling('30%'), all, [], ['old-a', 'old-b']],
    ['not while another is away', rolling(1), [newPod('n', 'a', unready), ...all.slice(1)], [], []],
    ['nor while a node has none', rolling(1), all.slice(1), [], []],
    ['what is away already is free', rolling(1), [...all.slice(0, 3), oldPod('o', 'd', unready)], [], ['o', 'old-a']],
    ['nothing when all are new', rolling(1), nodes.map(({ metadata }) => newPod('n', metadata.name ?? '')), [], []],
    ['one beside an old one', rolling(0, 1), all, ['a'], []],
    ['no more than may be', rolling(0, 1), [...all, newPod('n', 'b', unready)], [], []],
    ['old goes when new is available', rolling(0, 1), [...all, newPod('n', 'b')], ['a'], ['old-b']],
  ]
  for (const [title, spec, pods, create, remove] of cases)
    it(title, () => {
      const plan = planRollout(observe(testDaemonSet(spec), nodes, pods))
      assert.deepEqual([plan.create, names(plan.remove)], [create, remove])
    })
})

it('the status counts nodes and their pods', () => {
  const nodes = [testNode('a'), testNode('b'), testNode('c'), testNode('d', ['x:NoSchedule'])]
  const pods = [newPod('1', 'a'), oldPod('2', 'b', { ready: undefined }), oldPod('3', 'd')]
  const { status, nextAvailable } = observeDaemons(observe(testDaemonSet({ minReadySeconds: 60 }), nodes, pods), 2)
  assert.deepEqual(status, {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
    observedGeneration: 2,
    collisionCount: 2,
  })
  assert.equal(nextAvailable, undefined)
  const later = observeDaemons(observe(testDaemonSet({ minReadySeconds: 3660 }), nodes, pods), undefined)
  assert.deepEqual([later.status.numberAvailable, later.nextAvailable], [undefined, 60_000])
})
