import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PointStore } from './point-store.js'
import type { NodeSample, UsagePoint } from './resource-metrics-text.js'

const point = (seconds: number, cpuSeconds: number, startedAt = 1): UsagePoint => ({
  time: seconds * 1000,
  cpuNanoseconds: cpuSeconds * 1e9,
  workingSet: 2048 * 1024,
  startedAt: startedAt * 1000,
})
const sample = (containers: { readonly [name: string]: UsagePoint }, node?: UsagePoint): NodeSample => ({
  node,
  pods: new Map([['default/a', new Map(Object.entries(containers))]]),
})
const store = () => new PointStore(15_000, 60_000)

describe('points', () => {
  it('are two before there is a rate', () => {
    const points = store()
    points.take('n', sample({ c: point(100, 1) }, point(100, 10, 0)), 0)
    assert.deepEqual([points.node('n', 0), points.pod('n', 'default/a', 0)], [undefined, undefined])
    points.take('n', sample({ c: point(115, 4) }, point(120, 15, 0)), 0)
    const memory = '2Mi'
    assert.deepEqual(points.node('n', 0), { usage: { cpu: '250m', memory }, time: 120_000, window: 20_000 })
    assert.deepEqual(points.pod('n', 'default/a', 0), [
      { name: 'c', usage: { cpu: '200m', memory }, time: 115_000, window: 15_000 },
    ])
  })

  const firsts: readonly [name: string, point: UsagePoint, cpu: string | undefined][] = [
    ['of a container that has just begun say nothing', point(100, 1, 95), undefined],
    ['of a young container count from its start', point(100, 1, 80), '50m'],
    ['of an old container say nothing', point(100, 1, 10), undefined],
    ['without a start say nothing', point(100, 1, 0), undefined],
  ]
  for (const [name, first, cpu] of firsts)
    it(name, () => {
      const points = store()
      points.take('n', sample({ c: first }), 0)
      assert.equal(points.pod('n', 'default/a', 0)?.[0]?.usage['cpu'], cpu)
    })

  const seconds: readonly [name: string, second: UsagePoint, cpu: string | undefined][] = [
    ['that count on tell a rate', point(110, 2), '100m'],
    ['of less than a thousandth of a core are not lost', point(110, 1.000_012_345), '1234n'],
    ['that are the same reading are one', point(100, 1), undefined],
    ['that count backwards say nothing', point(110, 0.5), undefined],
    ['of a container started anew begin anew', point(130, 5, 120), '500m'],
  ]
  for (const [name, second, cpu] of seconds)
    it(name, () => {
      const points = store()
      points.take('n', sample({ c: point(100, 1) }), 0)
      points.take('n', sample({ c: second }), 0)
      assert.equal(points.pod('n', 'default/a', 0)?.[0]?.usage['cpu'], cpu)
    })

  it('must be there for every container of a pod', () => {
    const points = store()
    points.take('n', sample({ c: point(100, 1) }), 0)
    points.take('n', sample({ c: point(115, 1), d: point(115, 1) }), 0)
    assert.equal(points.pod('n', 'default/a', 0), undefined)
    points.take('n', sample({ c: point(130, 1), d: point(130, 1) }), 0)
    assert.deepEqual(
      points.pod('n', 'default/a', 0)?.map(({ name }) => name),
      ['c', 'd'],
    )
  })

  it('of pods that are gone, of lost nodes and of long ago are no more', () => {
    const points = store()
    for (const at of [100, 115]) points.take('n', sample({ c: point(at, 1) }, point(at, 1)), at * 1000)
    assert.ok(points.pod('n', 'default/a', 175_000))
    assert.equal(points.pod('n', 'default/a', 175_001), undefined)
    assert.equal(points.node('n', 175_001), undefined)
    points.take('n', { node: point(130, 1), pods: new Map() }, 130_000)
    assert.equal(points.pod('n', 'default/a', 130_000), undefined)
    assert.ok(points.node('n', 130_000))
    points.forget('n')
    assert.equal(points.node('n', 130_000), undefined)
  })
})
