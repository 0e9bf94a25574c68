import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PodFacts, testPod } from '../test-pods.js'
import { inDeletionOrder } from './deletion-order.js'

const now = Date.parse('2026-01-02T00:00:00Z')
const ready = '2026-01-01T12:00:00Z'
const cost = (text: string) => ({ annotations: { 'controller.kubernetes.io/pod-deletion-cost': text } })

test('who goes first when there are too many', () => {
  const table: [string, PodFacts, PodFacts][] = [
    // The first goes before the second.
    ['without a node', { ready }, { ready, node: 'a' }],
    ['pending before unknown', { node: 'a', phase: 'Pending' }, { node: 'a', phase: 'Unknown' }],
    ['unknown before running', { node: 'a', phase: 'Unknown' }, { node: 'a', phase: 'Running' }],
    ['not ready', { node: 'a' }, { node: 'a', ready }],
    ['cheaper', { node: 'a', ready, ...cost('-5') }, { node: 'a', ready }],
    ['cheaper than dear', { node: 'a', ready }, { node: 'a', ready, ...cost('10') }],
    ['no number costs nothing', { node: 'a', ready, ...cost('-1') }, { node: 'a', ready, ...cost('-0x9') }],
    ['ready for less long', { node: 'a', ready: '2026-01-01T23:00:00Z' }, { node: 'a', ready: '2026-01-01T01:00:00Z' }],
    ['restarted more often', { node: 'a', ready, restarts: 3 }, { node: 'a', ready, restarts: 1 }],
    [
      'younger',
      { node: 'a', ready, created: '2026-01-01T11:00:00Z' },
      { node: 'a', ready, created: '2025-01-01T00:00:00Z' },
    ],
  ]
  for (const [what, first, second] of table) {
    const pods = [testPod('b', first), testPod('a', second)]
    for (const given of [pods, pods.toReversed()])
      assert.deepEqual(
        inDeletionOrder(given, given, now).map(({ metadata }) => metadata.name),
        ['b', 'a'],
        what,
      )
  }
})

test('the node with more pods of the application gives first', () => {
  const pods = [testPod('alone', { node: 'a', ready }), testPod('crowded', { node: 'b', ready })]
  const related = [...pods, testPod('sibling', { node: 'b', ready })]
  assert.deepEqual(
    inDeletionOrder(pods, related, now).map(({ metadata }) => metadata.name),
    ['crowded', 'alone'],
  )
})

test('pods of about one age go in the order of their uids', () => {
  const pods = [
    testPod('b', { node: 'a', ready: '2026-01-01T12:00:00Z' }),
    testPod('a', { node: 'a', ready: '2026-01-01T12:00:10Z' }),
  ]
  assert.deepEqual(
    inDeletionOrder(pods, pods, now).map(({ metadata }) => metadata.name),
    ['a', 'b'],
  )
})
