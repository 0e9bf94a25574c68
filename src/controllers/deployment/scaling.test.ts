import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isScaling, newestReplicas, rollingUpdate, type Scale, scaleAll } from './scaling.js'
import { type DeploymentFacts, deployment, replicaSet, type SetFacts } from './test-objects.js'

const sizes = (scales: readonly Scale[]): Record<string, number> =>
  Object.fromEntries(scales.map(({ set, replicas }) => [set.metadata.name ?? '', replicas]))

const revisions = (newest: SetFacts | undefined, ...old: SetFacts[]) => ({
  newest: newest && replicaSet('new', { created: 100, ...newest }),
  old: old.map((facts, i) => replicaSet(`old${i + 1}`, { created: i, ...facts })),
})

describe('scaling', () => {
  test('the steps of a rolling update', () => {
    const table: [string, DeploymentFacts, ReturnType<typeof revisions>, Record<string, number>][] = [
      ['begins with the surge', {}, revisions({ replicas: 0 }, { replicas: 10 }), { new: 3 }],
      [
        'then takes from the old what may be missing',
        {},
        revisions({ replicas: 3, available: 0 }, { replicas: 10 }),
        { old1: 8 },
      ],
      ['then fills up', {}, revisions({ replicas: 3, available: 0 }, { replicas: 8 }), { new: 5 }],
      ['waits while nothing becomes available', {}, revisions({ replicas: 5, available: 0 }, { replicas: 8 }), {}],
      ['goes on when something does', {}, revisions({ replicas: 5, available: 2 }, { replicas: 8 }), { old1: 6 }],
      ['ends with the old', {}, revisions({ replicas: 10 }, { replicas: 3 }), { old1: 0 }],
      ['is done', {}, revisions({ replicas: 10 }, { replicas: 0 }), {}],
      [
        'unavailable old pods go first, whatever their age',
        {},
        revisions({ replicas: 3, available: 0 }, { replicas: 5 }, { replicas: 5, available: 1 }),
        { old2: 3 },
      ],
      [
        'without surge takes first',
        { maxSurge: 0, maxUnavailable: 1 },
        revisions({ replicas: 0 }, { replicas: 10 }),
        { old1: 9 },
      ],
      [
        'without unavailability waits for the new',
        { maxSurge: 1, maxUnavailable: 0 },
        revisions({ replicas: 1, available: 0 }, { replicas: 10 }),
        {},
      ],
      [
        'and then replaces one by one',
        { maxSurge: 1, maxUnavailable: 0 },
        revisions({ replicas: 1 }, { replicas: 10 }),
        { old1: 9 },
      ],
      ['too many of the new are taken back', { replicas: 3 }, revisions({ replicas: 5 }), { new: 3 }],
      [
        'oldest first',
        { replicas: 4, maxSurge: 4, maxUnavailable: 0 },
        revisions({ replicas: 4, available: 3 }, { replicas: 2 }, { replicas: 2 }),
        { old1: 0, old2: 1 },
      ],
      ['nothing to replace yet', {}, revisions(undefined, { replicas: 10 }), { old1: 8 }],
    ]
    for (const [what, facts, given, expected] of table)
      assert.deepEqual(sizes(rollingUpdate(deployment(facts), given)), expected, what)
  })

  test('replicas a new set begins with', () => {
    const table: [string, DeploymentFacts, ReturnType<typeof revisions>, number][] = [
      ['all, if it is the first', {}, revisions(undefined), 10],
      ['the surge beside others', {}, revisions(undefined, { replicas: 10 }), 3],
      ['none if there is no room', {}, revisions(undefined, { replicas: 13 }), 0],
      ['never more than wanted', { replicas: 2, maxSurge: 5 }, revisions(undefined, { replicas: 2 }), 2],
      ['all, with Recreate', { spec: { strategy: { type: 'Recreate' } } }, revisions(undefined), 10],
    ]
    for (const [what, facts, given, expected] of table)
      assert.equal(newestReplicas(deployment(facts), given), expected, what)
  })

  test('all sets are scaled in proportion', () => {
    const scaled = { desired: 10, max: 13 }
    const table: [string, DeploymentFacts, ReturnType<typeof revisions>, Record<string, number>][] = [
      ['one alone gets it all', { replicas: 20 }, revisions({ replicas: 10, ...scaled }, { replicas: 0 }), { new: 20 }],
      ['an old one alone, too', { replicas: 20 }, revisions(undefined, { replicas: 10, ...scaled }), { old1: 20 }],
      ['from nothing: the newest', { replicas: 5 }, revisions({ replicas: 0 }, { replicas: 0 }), { new: 5 }],
      [
        'a saturated newest makes the old ones superfluous',
        {},
        revisions({ replicas: 10, desired: 10, max: 13 }, { replicas: 2 }),
        { old1: 0 },
      ],
      [
        'up',
        { replicas: 20 },
        revisions({ replicas: 3, available: 0, ...scaled }, { replicas: 10, ...scaled }),
        { old1: 19, new: 6 },
      ],
      [
        'down',
        { replicas: 5, maxSurge: 0 },
        revisions({ replicas: 5, ...scaled, max: 10 }, { replicas: 5, ...scaled, max: 10 }),
        { old1: 2, new: 3 },
      ],
      [
        'to nothing',
        { replicas: 0 },
        revisions({ replicas: 4, ...scaled }, { replicas: 6, ...scaled }),
        { old1: 0, new: 0 },
      ],
      [
        'shares that do not divide go to the largest',
        { replicas: 11, maxSurge: 0 },
        revisions(
          { replicas: 3, ...scaled, max: 10 },
          { replicas: 4, ...scaled, max: 10 },
          { replicas: 3, ...scaled, max: 10 },
        ),
        { old1: 5, new: 3, old2: 3 },
      ],
    ]
    for (const [what, facts, given, expected] of table)
      assert.deepEqual(sizes(scaleAll(deployment(facts), given)), expected, what)
  })

  test('a changed size is told from a changed template', () => {
    const table: [string, boolean, ReturnType<typeof revisions>][] = [
      ['as before', false, revisions({ replicas: 10, desired: 10 })],
      ['another size', true, revisions({ replicas: 5, desired: 5 })],
      ['of a set without pods', false, revisions({ replicas: 0, desired: 5 })],
      ['of an old set', true, revisions({ replicas: 10, desired: 10 }, { replicas: 1, desired: 5 })],
      ['unknown', false, revisions({ replicas: 5 })],
    ]
    for (const [what, expected, given] of table) assert.equal(isScaling(deployment(), given), expected, what)
  })
})
