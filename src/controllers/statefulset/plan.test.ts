import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StatefulSet } from '../../api/apps/v1/index.js'
import type { PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { seededRandom } from '../test-faulty-client.js'
import { type PodFacts, testPod } from '../test-pods.js'
import { claimOwners, isStaleClaim } from './claim-owners.js'
import { claimsFor, identityLabels, isClaimOf, ordinalOf, podRevision, statefulPod } from './identity.js'
import { type Observed, planStatefulSet } from './plan.js'
import { observeStatefulSet } from './status.js'

const since = '2026-01-01T00:00:00Z'
const claimTemplate = { metadata: { name: 'data', labels: { own: 'x' } }, spec: { accessModes: ['ReadWriteOnce'] } }

const testSet = (spec: object = {}): StatefulSet =>
  ({
    metadata: { namespace: 'ns', name: 'web', uid: 'web', generation: 3 },
    spec: {
      replicas: 3,
      serviceName: 'svc',
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
    status: { replicas: 0, availableReplicas: 0 },
  }) as never

const podOf = (ordinal: number, revision: string, facts: PodFacts = {}): Pod =>
  testPod(`web-${ordinal}`, {
    ready: since,
    ...facts,
    labels: {
      app: 'web',
      'controller-revision-hash': revision,
      ...(facts.labels ?? identityLabels(testSet(), ordinal)),
    },
  })
const old = (ordinal: number, facts?: PodFacts) => podOf(ordinal, 'r1', facts)
const updated = (ordinal: number, facts?: PodFacts) => podOf(ordinal, 'r2', facts)

const observe = (set: StatefulSet, pods: readonly Pod[]): Observed => ({
  set,
  pods,
  currentRevision: 'r1',
  updateRevision: 'r2',
  now: Date.parse(since) + 60_000,
})

const unready = { ready: undefined }
const going = { deleted: true }
const failed = { phase: 'Failed', ready: undefined }
const parallel = { podManagementPolicy: 'Parallel' }
const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })

describe('the plan of a stateful set', () => {
  const cases: readonly (readonly [string, object, readonly Pod[], string[], string[]])[] = [
    ['begins with the first pod', {}, [], ['0:r2'], []],
    ['begins with the first ordinal', { ordinals: { start: 5 } }, [], ['5:r2'], []],
    ['begins with all in parallel', parallel, [], ['0:r2', '1:r2', '2:r2'], []],
    ['goes on when the one before is ready', {}, [updated(0)], ['1:r2'], []],
    ['not before', {}, [updated(0, unready)], [], []],
    ['nor while it goes', {}, [updated(0, going)], [], []],
    ['nor before it is available', { minReadySeconds: 120 }, [updated(0)], [], []],
    ['fills a gap first', {}, [updated(0), updated(2)], ['1:r2'], []],
    ['replaces a failed pod', {}, [updated(0), updated(1, failed), updated(2)], [], ['web-1']],
    ['scales down from the end', { replicas: 1 }, [updated(0), updated(1), updated(2)], [], ['web-2']],
    ['one after the other', { replicas: 1 }, [updated(0), updated(1), updated(2, going)], [], []],
    ['waits for those before', { replicas: 1 }, [updated(0), updated(1, unready), updated(2, unready)], [], []],
    ['but not for the last itself', { replicas: 1 }, [updated(0), updated(1), updated(2, unready)], [], ['web-2']],
    ['not while a wanted one is away', { replicas: 1 }, [updated(0, unready), updated(1), updated(2)], [], []],
    [
      'scales down at once in parallel',
      { ...parallel, replicas: 1 },
      [updated(0), updated(1), updated(2)],
      [],
      ['web-1', 'web-2'],
    ],
    [
      'moves with the first ordinal',
      { ...parallel, ordinals: { start: 1 } },
      [updated(0), updated(1), updated(2)],
      ['3:r2'],
      ['web-0'],
    ],
    ['updates from the end', {}, [old(0), old(1), old(2)], [], ['web-2']],
    ['waits for what is updated', {}, [old(0), old(1), updated(2, unready)], [], []],
    ['brings back the updated', {}, [old(0), old(1)], ['2:r2'], []],
    ['leaves what is below the partition', rolling({ partition: 2 }), [old(0), old(1), updated(2)], [], []],
    ['brings that back as it was', rolling({ partition: 2 }), [old(0)], ['1:r1'], []],
    ['without a partition, too', { updateStrategy: { type: 'RollingUpdate' } }, [old(0), old(1)], ['2:r2'], []],
    ['one at a time, also in parallel', parallel, [old(0), old(1), old(2)], [], ['web-2']],
    ['waits for it in parallel, too', parallel, [old(0), old(1), updated(2, unready)], [], []],
    ['updates what does not serve when it is its turn', parallel, [old(0, unready), old(1), old(2)], [], ['web-2']],
    ['whatever is away before it', parallel, [updated(0, unready), updated(1, unready), old(2)], [], ['web-2']],
    ['or is away itself', parallel, [old(0), old(1), old(2, unready)], [], ['web-2']],
    ['leaves updates to who deletes', { updateStrategy: { type: 'OnDelete' } }, [old(0), old(1)], ['2:r2'], []],
  ]
  for (const [title, spec, pods, create, remove] of cases)
    it(title, () => {
      const plan = planStatefulSet(observe(testSet(spec), pods))
      assert.deepEqual(
        [
          plan.create.map(({ ordinal, revision }) => `${ordinal}:${revision}`),
          plan.remove.map(({ metadata }) => metadata.name).sort(),
        ],
        [create, remove],
      )
    })

  it('gives pods the labels of their place', () => {
    const plan = planStatefulSet(observe(testSet(), [updated(0, { labels: {} }), updated(1), updated(2)]))
    assert.deepEqual(
      plan.relabel.map(({ ordinal }) => ordinal),
      [0],
    )
  })
})

it('an ordered set never makes a pod before the one ahead of it is ready, whatever happens', () => {
  const random = seededRandom(11)
  const pick = (count: number) => Math.floor(random() * count)
  for (let round = 0; round < 60; round++) {
    let pods: Pod[] = []
    let replicas = 3
    let [currentRevision, updateRevision] = ['r1', 'r1']
    for (let step = 0; step < 120; step++) {
      const set = testSet({ replicas, minReadySeconds: pick(2) })
      const plan = planStatefulSet({ set, pods, currentRevision, updateRevision, now: Date.parse(since) + 60_000 })
      assert.ok(plan.create.length + plan.remove.length <= 1, 'one thing at a time')
      for (const { ordinal, revision } of plan.create) {
        for (let before = 0; before < ordinal; before++) {
          const ahead = pods.find(({ metadata }) => metadata.name === `web-${before}`)
          assert.equal(ahead?.status.conditions?.[0]?.status, 'True')
          assert.equal(ahead?.metadata.deletionTimestamp, undefined)
        }
        pods = [...pods, podOf(ordinal, revision, { phase: 'Pending', ...unready })]
      }
      for (const pod of plan.remove)
        pods = pods.map(one => (one === pod ? podOf(ordinalOf(set, pod) ?? 0, podRevision(pod), going) : one))
      const some = pods[pick(Math.max(1, pods.length))]
      const event = pick(12)
      if (event === 0) replicas = pick(6)
      else if (event === 1) [currentRevision, updateRevision] = [updateRevision, `r${step}`]
      else if (some && event === 2) pods = pods.filter(pod => pod !== some)
      else if (some) {
        const ordinal = ordinalOf(set, some) ?? 0
        if (some.metadata.deletionTimestamp) pods = pods.filter(pod => pod !== some)
        else {
          const facts = event === 3 ? failed : event === 4 ? unready : {}
          pods = pods.map(pod => (pod === some ? podOf(ordinal, podRevision(pod), facts) : pod))
        }
      }
    }
  }
})

it('a pod has its name, its host name, its labels and its claims', () => {
  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'other', emptyDir: {} },
  ]
  const set = testSet({
    volumeClaimTemplates: [claimTemplate],
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [], volumes } },
  })
  const pod = statefulPod(set, 2, set.spec.template, 'web-abc')
  assert.equal(pod.metadata?.name, 'web-2')
  assert.deepEqual([pod.spec?.hostname, pod.spec?.subdomain], ['web-2', 'svc'])
  assert.deepEqual(pod.metadata?.labels, {
    app: 'web',
    'controller-revision-hash': 'web-abc',
    'statefulset.kubernetes.io/pod-name': 'web-2',
    'apps.kubernetes.io/pod-index': '2',
  })
  assert.deepEqual(pod.spec?.volumes, [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-web-2' } },
    { name: 'other', emptyDir: {} },
  ])
  const [{ claim } = { claim: undefined }] = claimsFor(set, 2)
  assert.deepEqual(claim?.metadata, { namespace: 'ns', name: 'data-web-2', labels: { own: 'x', app: 'web' } })
  assert.equal(isClaimOf(set, { metadata: { name: 'data-web-12' } } as PersistentVolumeClaim), true)
  assert.equal(isClaimOf(set, { metadata: { name: 'data-web-x-2' } } as PersistentVolumeClaim), false)
  for (const [name, ordinal] of [
    ['web-10', 10],
    ['web-01', undefined],
    ['web-', undefined],
    ['webb-1', undefined],
  ] as const)
    assert.equal(ordinalOf(set, testPod(name)), ordinal, name)
})

describe('owners of claims', () => {
  const setRef = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    name: 'web',
    uid: 'web',
    controller: true,
    blockOwnerDeletion: true,
  }
  const podRef = (ordinal: number, uid = `web-${ordinal}`) => ({
    ...setRef,
    apiVersion: 'v1',
    kind: 'Pod',
    name: `web-${ordinal}`,
    uid,
  })
  const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o' }
  const foreign = { ...other, controller: true }
  const cases: readonly (readonly [string, string, number, object[], object[]])[] = [
    ['Retain', 'Retain', 1, [setRef, other], [other]],
    ['Delete', 'Retain', 1, [], [setRef]],
    ['Delete', 'Retain', 4, [other], [other, setRef]],
    ['Retain', 'Delete', 1, [podRef(1)], []],
    ['Retain', 'Delete', 4, [], [podRef(4)]],
    ['Delete', 'Delete', 4, [setRef], [podRef(4)]],
    ['Delete', 'Delete', 1, [podRef(1)], [setRef]],
    ['Delete', 'Delete', 1, [foreign, setRef], [foreign]],
  ]
  for (const [whenDeleted, whenScaled, ordinal, before, after] of cases)
    it(`${whenDeleted} when deleted, ${whenScaled} when scaled, ordinal ${ordinal}, ${before.length} before`, () => {
      const set = testSet({ persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } })
      const claim = { metadata: { ownerReferences: before } } as unknown as PersistentVolumeClaim
      assert.deepEqual(claimOwners(set, ordinal, updated(ordinal), claim).owners, after)
    })

  it('a claim of an earlier pod is stale', () => {
    const claim = { metadata: { ownerReferences: [podRef(1, 'earlier')] } } as unknown as PersistentVolumeClaim
    assert.deepEqual(
      [
        isStaleClaim(claim, 'web-1', 'now'),
        isStaleClaim(claim, 'web-1', 'earlier'),
        isStaleClaim(claim, 'web-2', 'now'),
      ],
      [true, false, false],
    )
  })
})

describe('the status of a stateful set', () => {
  it('counts pods by their revisions', () => {
    const set = testSet({ minReadySeconds: 90 })
    const { status, nextAvailable } = observeStatefulSet(observe(set, [old(0), old(1, going), updated(2, unready)]), 0)
    assert.deepEqual(status, {
      observedGeneration: 3,
      replicas: 3,
      readyReplicas: 2,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'r1',
      updateRevision: 'r2',
      collisionCount: 0,
      availableReplicas: 0,
    })
    assert.equal(nextAvailable, 30_000)
  })

  it('has the new revision as the current one once the update is through', () => {
    const { status } = observeStatefulSet(observe(testSet(), [updated(0), updated(1), updated(2)]), 1)
    assert.deepEqual([status.currentRevision, status.currentReplicas, status.collisionCount], ['r2', 3, 1])
  })
})
