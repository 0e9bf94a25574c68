import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { preemptionOutcome } from './preemption-outcome.js'
import { clusterOf, nodeOf, podOf } from './test-cluster.js'

describe('preemptionOutcome', () => {
  const full = { reasons: ['Insufficient cpu'] }
  const unfit = { reasons: ['node(s) were unschedulable'], unresolvable: true }
  const cases: readonly (readonly [what: string, Parameters<typeof preemptionOutcome>, string | undefined])[] = [
    [
      'nobody to evict, or no use in it',
      [
        podOf('new'),
        clusterOf([nodeOf('a'), nodeOf('b'), nodeOf('c')], [[podOf('x'), 'a']]),
        new Map([
          ['a', full],
          ['b', full],
          ['c', unfit],
        ]),
      ],
      'no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    ],
    ['rejected as a whole', [podOf('new'), clusterOf([nodeOf('a'), nodeOf('b')]), new Map()], 'not found'],
    [
      'a pod that must not',
      [podOf('new', {}, { preemptionPolicy: 'Never' }), clusterOf([nodeOf('a')]), new Map([['a', full]])],
      'no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
    ],
    [
      'one of lower priority is there',
      [podOf('new', {}, { priority: 1 }), clusterOf([nodeOf('a')], [[podOf('x'), 'a']]), new Map([['a', full]])],
      undefined,
    ],
  ]
  for (const [what, input, expected] of cases) it(what, () => assert.equal(preemptionOutcome(...input), expected))
})
