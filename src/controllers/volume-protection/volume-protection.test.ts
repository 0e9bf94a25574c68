import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { testPod } from '../test-pods.js'
import { settledFinalizers } from './finalizers.js'
import { podUsesClaim } from './volume-protection.js'

const claim = (owner?: string) =>
  ({
    metadata: {
      namespace: 'ns',
      name: 'p-v',
      ...(owner
        ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner, controller: true }] }
        : {}),
    },
  }) as unknown as PersistentVolumeClaim

describe('a claim is in use', () => {
  const named = { volumes: [{ name: 'x', persistentVolumeClaim: { claimName: 'p-v' } }] }
  const other = { volumes: [{ name: 'x', persistentVolumeClaim: { claimName: 'q' } }] }
  const own = { volumes: [{ name: 'v', ephemeral: {} }] }
  const ended = (pod: Pod): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 },
  })
  const cases: readonly [string, Pod, PersistentVolumeClaim, boolean][] = [
    ['by a pod on a node', testPod('p', { node: 'n', spec: named }), claim(), true],
    ['by one that has finished', testPod('p', { node: 'n', phase: 'Succeeded', spec: named }), claim(), true],
    ['by one on its way out', testPod('p', { node: 'n', deleted: true, spec: named }), claim(), true],
    ['not before the pod has a node', testPod('p', { spec: named }), claim(), false],
    ['not by a pod with another', testPod('p', { node: 'n', spec: other }), claim(), false],
    ['by the pod it was made for', testPod('p', { node: 'n', spec: own }), claim('p'), true],
    ['not by one it was not made for', testPod('p', { node: 'n', spec: own }), claim('q'), false],
    ['not by its pod once that has ended', ended(testPod('p', { node: 'n', spec: own })), claim('p'), false],
  ]
  for (const [what, pod, wanted, expected] of cases) it(what, () => assert.equal(podUsesClaim(pod, wanted), expected))
})

describe('a finalizer', () => {
  const object = (finalizers: readonly string[] | undefined, deleted: boolean) => ({
    metadata: {
      ...(finalizers ? { finalizers } : {}),
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
  })
  const cases: readonly [string, ReturnType<typeof object>, boolean, readonly string[] | undefined][] = [
    ['is there', object(['f'], false), false, undefined],
    ['is added', object(undefined, false), false, ['f']],
    ['is added to others', object(['g'], false), false, ['g', 'f']],
    ['stays while in use', object(['f'], true), true, undefined],
    ['goes', object(['g', 'f'], true), false, ['g']],
    ['does not come back', object(['g'], true), true, undefined],
  ]
  for (const [what, given, used, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        settledFinalizers(given, 'f', () => used),
        expected,
      ),
    )
})
