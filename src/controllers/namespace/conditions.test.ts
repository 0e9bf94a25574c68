import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NamespaceCondition } from '../../api/core/v1/index.js'
import { type DeletionProgress, deletionConditions, finished } from './conditions.js'

const now = '2026-01-01T00:00:00Z'
const nothing: DeletionProgress = { failures: [], malformed: [], errors: [], remaining: [] }

const told = (progress: DeletionProgress, conditions: readonly NamespaceCondition[] = []): string[] =>
  (deletionConditions(progress, { conditions }, now) ?? []).map(
    ({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`,
  )

const well = [
  'NamespaceDeletionDiscoveryFailure False ResourcesDiscovered: All resources successfully discovered',
  'NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions: All legacy kube types successfully parsed',
  'NamespaceDeletionContentFailure False ContentDeleted: All content successfully deleted, may be waiting on finalization',
  'NamespaceContentRemaining False ContentRemoved: All content successfully removed',
  'NamespaceFinalizersRemaining False ContentHasNoFinalizers: All content-preserving finalizers finished',
]

const cases: { name: string; progress: Partial<DeletionProgress>; says: readonly (readonly [number, string])[] }[] = [
  { name: 'all is well', progress: {}, says: [] },
  {
    name: 'a group cannot be discovered',
    progress: { failures: [{ groupVersion: 'metrics.k8s.io/v1beta1', message: 'it is down' }] },
    says: [
      [
        0,
        'NamespaceDeletionDiscoveryFailure True DiscoveryFailed: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: it is down',
      ],
    ],
  },
  {
    name: 'nothing can be discovered',
    progress: { discoveryError: 'connection refused' },
    says: [[0, 'NamespaceDeletionDiscoveryFailure True DiscoveryFailed: connection refused']],
  },
  {
    name: 'a version that makes no sense',
    progress: { malformed: ['a/b/c'] },
    says: [
      [
        1,
        'NamespaceDeletionGroupVersionParsingFailure True GroupVersionParsingFailed: unexpected GroupVersion string: a/b/c',
      ],
    ],
  },
  {
    name: 'deletions that fail, in order',
    progress: { errors: ['b', 'a'] },
    says: [
      [
        2,
        'NamespaceDeletionContentFailure True ContentDeletionFailed: Failed to delete all resource types, 2 remaining: a, b',
      ],
    ],
  },
  {
    name: 'objects that are held',
    progress: {
      remaining: [
        { resource: { group: 'apps', plural: 'deployments' }, count: 2, finalizers: { 'example.com/f': 2 } },
        { resource: { group: '', plural: 'configmaps' }, count: 1, finalizers: { 'example.com/f': 1, 'a.b/c': 1 } },
      ],
    },
    says: [
      [
        3,
        'NamespaceContentRemaining True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances, deployments.apps has 2 resource instances',
      ],
      [
        4,
        'NamespaceFinalizersRemaining True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: a.b/c in 1 resource instances, example.com/f in 3 resource instances',
      ],
    ],
  },
]

describe('conditions of a namespace on its way out', () => {
  for (const { name, progress, says } of cases)
    test(name, () => {
      const expected = [...well]
      for (const [at, text] of says) expected[at] = text
      assert.deepEqual(told({ ...nothing, ...progress }), expected)
      assert.equal(finished({ ...nothing, ...progress }), says.length === 0)
    })

  test('are not written again when they say the same', () => {
    const conditions = deletionConditions(nothing, {}, now) ?? []
    assert.equal(conditions.length, 5)
    assert.equal(deletionConditions(nothing, { conditions }, '2026-02-01T00:00:00Z'), undefined)
  })

  test('change their time with their status alone, and leave others be', () => {
    const other: NamespaceCondition = { type: 'Other', status: 'True' }
    const before = [other, ...(deletionConditions({ ...nothing, errors: ['a'] }, {}, now) ?? [])]
    const later = '2026-02-01T00:00:00Z'
    const times = (conditions: readonly NamespaceCondition[] | undefined) =>
      conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]).filter(([, time]) => time === later)
    assert.deepEqual(times(deletionConditions({ ...nothing, errors: ['b'] }, { conditions: before }, later)), [])
    const after = deletionConditions(nothing, { conditions: before }, later)
    assert.deepEqual(times(after), [['NamespaceDeletionContentFailure', later]])
    assert.equal(after?.[0], other)
  })
})
