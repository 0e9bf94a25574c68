import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { podRequest } from './resources.js'
import { type ScoringStrategy, strategyScorer } from './scoring-strategy.js'
import { clusterOf, nodeOf, podOf } from './test-cluster.js'

const sized = (name: string, requests: object) =>
  podOf(name, {}, { containers: [{ name: 'c', image: 'i', resources: { requests } }] })

/** A node of 64 cores and 64 GiB, with a pod that takes a quarter of each. */
function score(strategy: ScoringStrategy, requests: object): number {
  const state = clusterOf([nodeOf('a')], [[sized('x', { cpu: '16', memory: '16Gi' }), 'a']])
  const [node] = state.nodes
  assert.ok(node)
  return strategyScorer(strategy, podRequest(sized('new', requests))).score(node)
}

describe('strategyScorer', () => {
  const quarter = { cpu: '16', memory: '16Gi' }
  const shape = (...points: [number, number][]): ScoringStrategy => ({
    type: 'RequestedToCapacityRatio',
    requestedToCapacityRatio: { shape: points.map(([utilization, score]) => ({ utilization, score })) },
  })
  const cases: readonly (readonly [what: string, strategy: ScoringStrategy, requests: object, expected: number])[] = [
    ['least: half is left', { type: 'LeastAllocated' }, quarter, 50],
    ['most: half is taken', { type: 'MostAllocated' }, quarter, 50],
    ['least: assumed amounts of pods that ask for nothing', { type: 'LeastAllocated' }, {}, 74],
    [
      'weights',
      { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 3 }, { name: 'memory' }] },
      { cpu: '48', memory: '16Gi' },
      87,
    ],
    [
      'what the node does not have',
      { type: 'LeastAllocated', resources: [{ name: 'a.b/c' }, { name: 'cpu' }] },
      { ...quarter, 'a.b/c': '1' },
      50,
    ],
    ['a rising line', shape([0, 0], [100, 10]), quarter, 50],
    ['a falling line', shape([0, 10], [100, 0]), { cpu: '32', memory: '32Gi' }, 25],
    ['before the first point', shape([60, 3], [100, 10]), quarter, 30],
    ['after the last point', shape([0, 10], [40, 7]), quarter, 70],
  ]
  for (const [what, strategy, requests, expected] of cases)
    it(what, () => assert.equal(score(strategy, requests), expected))
})
