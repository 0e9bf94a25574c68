import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Node } from '../../api/core/v1/index.js'
import { evictionRate, isEverythingLost, TokenBucket, zoneOf, zonesOf } from './zones.js'

const limits = {
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
}

const node = (zone: string, status: string | undefined, labels: { [name: string]: string } = {}): Node =>
  ({
    metadata: { labels: { ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}), ...labels } },
    spec: {},
    status: { conditions: status ? [{ type: 'Ready', status }] : [] },
  }) as unknown as Node

/** `a:3+1`: zone a with three nodes ready and one not. */
const nodes = (text: string): Node[] =>
  text.split(' ').flatMap(part => {
    const [zone = '', counts = ''] = part.split(':')
    const [ready = 0, lost = 0] = counts.split('+').map(Number)
    return [
      ...Array.from({ length: ready }, () => node(zone, 'True')),
      ...Array.from({ length: lost }, (_, i) => node(zone, i % 2 ? 'Unknown' : 'False')),
    ]
  })

describe('zones', () => {
  const cases: readonly [string, string, boolean][] = [
    ['a:3+0', 'none 0.1', false],
    ['a:1+1', 'none 0.1', false],
    ['a:1+2', 'none 0.1', false],
    ['a:3+3', 'none 0.1', false],
    ['a:2+3', 'partial 0', false],
    ['a:30+40', 'partial 0.01', false],
    ['a:0+1', 'full 0.1', true],
    ['a:0+5 b:0+1', 'full 0.1', true],
    ['a:0+5 b:1+1', 'full 0.1', false],
    ['a:0+5 b:0+1 c:1+0', 'full 0.1', false],
  ]
  for (const [text, expected, everything] of cases)
    test(text, () => {
      const zones = zonesOf(nodes(text), limits)
      const zone = zones.get('\0a')
      assert.equal(`${zone?.disruption} ${evictionRate(zone, limits)}`, expected)
      assert.equal(isEverythingLost(zones), everything)
    })

  test('are told by labels, also by older ones', () => {
    assert.equal(zoneOf(node('', 'True')), '')
    assert.equal(zoneOf(node('z', 'True', { 'topology.kubernetes.io/region': 'r' })), 'r\0z')
    assert.equal(zoneOf(node('', 'True', { 'failure-domain.beta.kubernetes.io/zone': 'z' })), '\0z')
    assert.equal(zoneOf({ ...node('', 'True'), metadata: {} }), '')
  })

  test('leave out nodes that ask for it, and count those that never said anything as lost', () => {
    const excluded = node('', 'True', { 'node.kubernetes.io/exclude-disruption': '' })
    assert.equal(isEverythingLost(zonesOf([excluded, node('', undefined)], limits)), true)
    assert.equal(isEverythingLost(zonesOf([excluded], limits)), false)
  })
})

test('tokens come one by one', () => {
  const bucket = new TokenBucket(0)
  assert.equal(bucket.wait(0.1, 0), 0)
  assert.equal(bucket.take(0.1, 0), true)
  assert.equal(bucket.take(0.1, 0), false)
  assert.equal(bucket.wait(0.1, 0), 10_000)
  assert.equal(bucket.wait(0.1, 4_000), 6_000)
  assert.equal(bucket.take(0.1, 10_000), true)
  assert.equal(bucket.take(0, 1_000_000), false)
  assert.equal(bucket.wait(0, 1_000_000), Number.POSITIVE_INFINITY)
  bucket.giveBack()
  bucket.giveBack()
  assert.equal(bucket.take(0, 1_000_000), true)
  assert.equal(bucket.take(0, 1_000_000), false)
  // A clock that is set back takes nothing away.
  assert.equal(bucket.take(0.1, 0), false)
  assert.equal(bucket.take(0.1, 10_000), true)
})
