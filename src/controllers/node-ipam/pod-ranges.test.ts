import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PodRanges } from './pod-ranges.js'

describe('PodRanges', () => {
  for (const [cluster, prefix, first, second, size] of [
    ['10.244.0.0/16', 24, '10.244.0.0/24', '10.244.1.0/24', 256],
    ['10.0.0.0/23', 24, '10.0.0.0/24', '10.0.1.0/24', 2],
    ['10.128.7.9/22', 24, '10.128.4.0/24', '10.128.5.0/24', 4],
    ['fd00:10::/56', 64, 'fd00:10::/64', 'fd00:10:0:1::/64', 256],
  ] as const)
    it(`${cluster} by /${prefix}`, () => {
      const ranges = new PodRanges(cluster, prefix)
      assert.equal(ranges.size, size)
      assert.equal(ranges.take('a'), first)
      assert.equal(ranges.take('b'), second)
    })

  it('gives out no part twice, and every part again once it is free', () => {
    const ranges = new PodRanges('10.0.0.0/23', 24)
    ranges.occupy('10.0.0.0/24', 'old')
    assert.equal(ranges.take('a'), '10.0.1.0/24')
    assert.equal(ranges.take('b'), undefined)
    ranges.release('10.0.0.0/24', 'somebody else')
    assert.equal(ranges.take('b'), undefined)
    ranges.release('10.0.0.0/24', 'old')
    assert.equal(ranges.take('b'), '10.0.0.0/24')
  })

  it('ignores networks that are none of its parts', () => {
    const ranges = new PodRanges('10.0.0.0/23', 24)
    for (const network of ['10.0.0.0/25', '192.168.0.0/24', 'fd00::/64', 'nonsense']) ranges.occupy(network, 'x')
    assert.equal(ranges.take('a'), '10.0.0.0/24')
  })

  it('refuses what cannot be split', () => {
    for (const [cluster, prefix] of [
      ['10.0.0.0/24', 16],
      ['nonsense', 24],
      ['10.0.0.0/24', 33],
    ] as const)
      assert.throws(() => new PodRanges(cluster, prefix))
  })
})
