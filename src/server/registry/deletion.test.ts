import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, type Namespace, type Pod } from '../../api/core/v1/index.js'
import { namespaces } from '../../api/core/v1/namespaces.js'
import { pods } from '../../api/core/v1/pods.js'
import type { ApiObject } from '../../machinery/object.js'
import { type Resource, resource } from '../../machinery/resource.js'
import { type DeletionRequest, deletionOf } from './deletion.js'

const configMaps = resource(ConfigMap) as unknown as Resource
const orphaning = resource(ConfigMap, { strategy: { defaultPropagation: { policy: 'Orphan' } } }) as unknown as Resource
const now = Date.parse('2026-01-01T00:00:30Z')
const deletedAt = '2026-01-01T00:00:00Z'

/** What a deletion does, in words: `remove`, `pending`, or what is marked. */
function outcome(
  of: Resource,
  metadata: Partial<ApiObject['metadata']>,
  request: DeletionRequest = {},
  rest: object = {},
): string {
  const object = { metadata: { name: 'a', ...metadata }, ...rest } as ApiObject
  const before = structuredClone(object)
  const step = deletionOf(of, object, request, now)
  assert.deepEqual(object, before, 'the object itself stays as it is')
  if (step.type === 'pending') return 'pending'
  const { metadata: after } = step.type === 'mark' ? step.draft : step.last
  const parts = [
    step.type,
    after.deletionTimestamp?.slice(17, 19),
    after.deletionGracePeriodSeconds,
    after.finalizers?.join('+'),
    after.generation && `generation ${after.generation}`,
  ]
  return parts.filter(part => part !== undefined).join(' ')
}

describe('deletion', () => {
  const cases: readonly (readonly [string, Partial<ApiObject['metadata']>, DeletionRequest, string])[] = [
    ['nothing holds it', {}, {}, 'remove'],
    ['a finalizer holds it', { finalizers: ['x/y'] }, {}, 'mark 30 0 x/y'],
    ['generation counts the deletion', { finalizers: ['x/y'], generation: 3 }, {}, 'mark 30 0 x/y generation 4'],
    ['again', { finalizers: ['x/y'], deletionTimestamp: deletedAt, deletionGracePeriodSeconds: 0 }, {}, 'pending'],
    ['orphan', {}, { propagationPolicy: 'Orphan' }, 'mark 30 0 orphan'],
    ['foreground', {}, { propagationPolicy: 'Foreground' }, 'mark 30 0 foregroundDeletion'],
    ['background', {}, { propagationPolicy: 'Background' }, 'remove'],
    ['its own finalizer comes first', { finalizers: ['x/y'] }, { propagationPolicy: 'Orphan' }, 'mark 30 0 x/y+orphan'],
    // The answer shows it as it was.
    ['background takes them away', { finalizers: ['orphan'] }, { propagationPolicy: 'Background' }, 'remove orphan'],
    ['no policy leaves them', { finalizers: ['orphan'] }, {}, 'mark 30 0 orphan'],
    [
      'another policy on the way',
      {
        finalizers: ['foregroundDeletion'],
        deletionTimestamp: deletedAt,
        deletionGracePeriodSeconds: 0,
        generation: 2,
      },
      { propagationPolicy: 'Orphan' },
      'mark 00 0 orphan generation 2',
    ],
    [
      'background on the way',
      { finalizers: ['foregroundDeletion'], deletionTimestamp: deletedAt, deletionGracePeriodSeconds: 0 },
      { propagationPolicy: 'Background' },
      'remove 00 0 foregroundDeletion',
    ],
    ['no grace for what has no agent', {}, { gracePeriodSeconds: 30 }, 'remove'],
  ]
  for (const [name, metadata, request, expected] of cases)
    it(name, () => assert.equal(outcome(configMaps, metadata, request), expected))

  it('has kinds whose dependents are usually orphaned', () => {
    assert.equal(outcome(orphaning, {}), 'mark 30 0 orphan')
    assert.equal(outcome(orphaning, {}, { propagationPolicy: 'Background' }), 'remove')
    assert.equal(outcome(orphaning, { finalizers: ['foregroundDeletion'] }), 'mark 30 0 foregroundDeletion')
  })

  describe('of pods', () => {
    const of = pods as Resource<Pod> as unknown as Resource
    const running = { spec: { nodeName: 'n', terminationGracePeriodSeconds: 20 }, status: { phase: 'Running' } }
    const waiting = { spec: {}, status: { phase: 'Pending' } }
    const marked = { deletionTimestamp: deletedAt, deletionGracePeriodSeconds: 20 }
    const podCases: readonly (readonly [string, object, Partial<ApiObject['metadata']>, DeletionRequest, string])[] = [
      ['no node runs it', waiting, {}, {}, 'remove 30 0'],
      ['a node runs it', running, { generation: 1 }, {}, 'mark 50 20 generation 2'],
      ['the client asks for less', running, {}, { gracePeriodSeconds: 5 }, 'mark 35 5'],
      ['the client asks for none', running, {}, { gracePeriodSeconds: 0 }, 'remove 30 0'],
      ['a negative period is the shortest', running, {}, { gracePeriodSeconds: -1 }, 'mark 31 1'],
      ['it has ended', { ...running, status: { phase: 'Failed' } }, {}, {}, 'remove 30 0'],
      ['a finalizer holds it', waiting, { finalizers: ['x/y'] }, {}, 'mark 30 0 x/y'],
      ['again', running, marked, {}, 'pending'],
      ['again, as long', running, marked, { gracePeriodSeconds: 20 }, 'pending'],
      ['again, longer', running, marked, { gracePeriodSeconds: 50 }, 'pending'],
      // It counts from the first deletion, 20 s before the time it is marked with.
      ['again, shorter', running, { ...marked, generation: 2 }, { gracePeriodSeconds: 5 }, 'mark 45 5 generation 2'],
      ['its node is done', running, marked, { gracePeriodSeconds: 0 }, 'remove 40 0'],
      [
        'but a finalizer is not',
        running,
        { ...marked, finalizers: ['x/y'] },
        { gracePeriodSeconds: 0 },
        'mark 40 0 x/y',
      ],
      [
        'nothing holds it any more',
        running,
        { ...marked, deletionGracePeriodSeconds: 0 },
        { gracePeriodSeconds: 0 },
        'remove 00 0',
      ],
    ]
    for (const [name, rest, metadata, request, expected] of podCases)
      it(name, () => assert.equal(outcome(of, metadata, request, rest), expected))
  })

  it('of namespaces knows no grace period, and tells that they are terminating', () => {
    const of = namespaces as Resource<Namespace>
    const object = {
      metadata: { name: 'a' },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    } as unknown as Namespace
    const step = deletionOf(of, object, {}, now)
    assert.equal(step.type, 'mark')
    assert.deepEqual(step.type === 'mark' && [step.draft.metadata, step.draft.status], [
      { name: 'a', deletionTimestamp: '2026-01-01T00:00:30Z' },
      { phase: 'Terminating' },
    ])
    // Even one that nothing holds is only told to go at first.
    const free = { ...object, spec: {} } as Namespace
    assert.equal(deletionOf(of, free, {}, now).type, 'mark')
    const emptied = { ...object, metadata: { name: 'a', deletionTimestamp: deletedAt }, spec: {} } as Namespace
    assert.equal(deletionOf(of, emptied, {}, now).type, 'remove')
  })
})
