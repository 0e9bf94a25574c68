import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { divideFairly, seatLimits } from './concurrency-shares.js'
import { DemandIntegrator, noDemand, smoothDemand } from './seat-demand.js'
import { dealHand, flowHash } from './shuffle-sharding.js'

describe('seats', () => {
  it('are divided by shares', () => {
    const limits = seatLimits(
      600,
      new Map([
        ['exempt', { nominalShares: 0, lendablePercent: 0 }],
        ['system', { nominalShares: 30, lendablePercent: 33 }],
        ['workload-low', { nominalShares: 100, lendablePercent: 90, borrowingLimitPercent: 10 }],
        ['others', { nominalShares: 115, lendablePercent: 50 }],
      ]),
    )
    assert.deepEqual(Object.fromEntries(limits), {
      exempt: { nominal: 0, minimum: 0, maximum: 600 },
      system: { nominal: 74, minimum: 50, maximum: 674 },
      'workload-low': { nominal: 245, minimum: 24, maximum: 270 },
      others: { nominal: 282, minimum: 141, maximum: 882 },
    })
  })

  const divisions: [string, number, [number, number, number][], number[]][] = [
    [
      'in proportion to what is wanted',
      100,
      [
        [0, 100, 10],
        [0, 100, 30],
      ],
      [25, 75],
    ],
    [
      'within bounds',
      100,
      [
        [0, 20, 10],
        [0, 100, 10],
      ],
      [20, 80],
    ],
    [
      'with the lower bounds kept',
      100,
      [
        [60, 100, 1],
        [0, 100, 99],
      ],
      [60, 40],
    ],
    [
      'the lower bounds at least',
      100,
      [
        [60, 100, 1],
        [70, 100, 1],
      ],
      [60, 70],
    ],
    [
      'the upper bounds at most',
      100,
      [
        [0, 10, 5],
        [0, 20, 5],
      ],
      [10, 20],
    ],
    [
      'evenly when nobody wants any',
      100,
      [
        [0, 100, 0],
        [0, 100, 0],
      ],
      [50, 50],
    ],
    ['to nobody', 100, [], []],
  ]
  for (const [what, total, claims, expected] of divisions)
    it(`are lent ${what}`, () => {
      const { amounts } = divideFairly(
        total,
        claims.map(([lower, upper, target]) => ({ lower, upper, target })),
      )
      assert.deepEqual(
        amounts.map(amount => Math.round(amount * 1000) / 1000),
        expected,
      )
    })

  it('that are wanted are averaged over time, rise at once and fall slowly', () => {
    const demand = new DemandIntegrator(0)
    demand.add(4, 5000)
    demand.add(-2, 7500)
    const first = demand.takePeriod(10_000)
    assert.deepEqual([first?.highest, first?.average], [4, 1.5])
    const busy = smoothDemand(noDemand, first)
    assert.equal(busy.smoothed, 1.5 + (first?.deviation ?? 0))
    assert.deepEqual(demand.takePeriod(20_000), { highest: 2, average: 2, deviation: 0 })
    assert.equal(demand.takePeriod(20_000), undefined)
    const idle = smoothDemand(busy, { highest: 0, average: 0, deviation: 0 })
    assert.equal(idle.smoothed, 0.977 * busy.smoothed)
  })
})

describe('shuffle sharding', () => {
  for (const [deck, size] of [
    [1, 1],
    [4, 4],
    [128, 6],
    [64, 8],
  ] as const)
    it(`deals ${size} distinct cards of ${deck}`, () => {
      for (let i = 0; i < 200; i++) {
        const hand = dealHand(flowHash('schema', `user-${i}`), deck, size)
        assert.equal(new Set(hand).size, size)
        assert.ok(hand.every(card => card >= 0 && card < deck))
      }
    })

  it('deals the cards by the digits of the hash', () => {
    assert.deepEqual(dealHand(0n, 8, 3), [0, 1, 2])
    assert.deepEqual(dealHand(7n + 8n * 6n + 56n * 5n, 8, 3), [7, 6, 5])
    assert.deepEqual(dealHand(3n + 8n * 3n + 56n * 3n, 8, 3), [3, 4, 5])
  })

  it('gives every queue about as many flows', () => {
    const counts = new Array<number>(16).fill(0)
    for (let i = 0; i < 4000; i++)
      for (const card of dealHand(flowHash('s', String(i)), 16, 4)) counts[card] = (counts[card] ?? 0) + 1
    assert.ok(
      counts.every(count => count > 900 && count < 1100),
      String(counts),
    )
  })

  it('tells schemas and distinguishers apart', () => {
    assert.notEqual(flowHash('a', 'bc'), flowHash('ab', 'c'))
    assert.equal(flowHash('a', 'b'), flowHash('a', 'b'))
  })
})
