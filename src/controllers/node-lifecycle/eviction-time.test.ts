import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod, Taint, Toleration } from '../../api/core/v1/index.js'
import { tolerates } from '../../api/core/v1/tolerates.js'
import { rfc3339 } from '../../machinery/clock.js'
import { evictionTime } from './eviction-time.js'

const start = Date.parse('2026-01-01T00:00:00Z')
const at = (seconds: number) => rfc3339(start + seconds * 1000)

const pod = (tolerations: readonly Toleration[], scheduled = 0): Pod =>
  ({
    metadata: { name: 'p', creationTimestamp: at(-100) },
    spec: { tolerations },
    status: { conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: at(scheduled) }] },
  }) as unknown as Pod

const taint = (key: string, added?: number): Taint => ({
  key,
  effect: 'NoExecute',
  ...(added === undefined ? {} : { timeAdded: at(added) }),
})
const exists = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
})

describe('tolerations', () => {
  const target: Taint = { key: 'k', value: '5', effect: 'NoExecute' }
  const cases: readonly [Toleration, boolean][] = [
    [{ operator: 'Exists' }, true],
    [{ operator: 'Exists', effect: 'NoSchedule' }, false],
    [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, true],
    [{ key: 'other', operator: 'Exists' }, false],
    [{ key: 'k', value: '5' }, true],
    [{ key: 'k', operator: 'Equal', value: '6' }, false],
    [{ key: 'k' }, false],
    [{ value: '5' }, false],
    [{ key: 'k', operator: 'Gt', value: '4' }, true],
    [{ key: 'k', operator: 'Lt', value: '4' }, false],
    [{ key: 'k', operator: 'Lt', value: 'x' }, false],
    [{ key: 'k', operator: 'Near', value: '5' }, false],
  ]
  for (const [toleration, expected] of cases)
    test(JSON.stringify(toleration), () => assert.equal(tolerates(toleration, target), expected))
})

describe("a pod's time", () => {
  // Seconds after the start; the present is second 50.
  const cases: { name: string; tolerations: Toleration[]; taints: Taint[]; scheduled?: number; due: number }[] = [
    { name: 'without taints', tolerations: [], taints: [], due: Number.POSITIVE_INFINITY },
    { name: 'not tolerated', tolerations: [], taints: [taint('a', 0)], due: 50 },
    { name: 'tolerated', tolerations: [exists('a')], taints: [taint('a', 0)], due: Number.POSITIVE_INFINITY },
    { name: 'tolerated for no time', tolerations: [exists('a', 0)], taints: [taint('a', 40)], due: 50 },
    { name: 'tolerated for less than no time', tolerations: [exists('a', -5)], taints: [taint('a', 40)], due: 50 },
    { name: 'from when the taint was added', tolerations: [exists('a', 100)], taints: [taint('a', 20)], due: 120 },
    { name: 'over since long', tolerations: [exists('a', 10)], taints: [taint('a', 20)], due: 30 },
    {
      name: 'from when the pod came',
      tolerations: [exists('a', 100)],
      taints: [taint('a', 20)],
      scheduled: 45,
      due: 145,
    },
    { name: 'from now if the taint does not say', tolerations: [exists('a', 100)], taints: [taint('a')], due: 150 },
    { name: 'from now if it is of the future', tolerations: [exists('a', 100)], taints: [taint('a', 999)], due: 150 },
    {
      name: 'whichever is over first',
      tolerations: [exists('a', 200), exists('b', 100), exists('c')],
      taints: [taint('a', 0), taint('b', 20), taint('c', 0)],
      due: 120,
    },
    {
      name: 'one that is not tolerated is enough',
      tolerations: [exists('a')],
      taints: [taint('a', 0), taint('b', 0)],
      due: 50,
    },
    { name: 'by the first that fits', tolerations: [exists('a', 100), exists('a')], taints: [taint('a', 0)], due: 100 },
  ]
  for (const { name, tolerations, taints, scheduled = 0, due } of cases)
    test(name, () => {
      const time = evictionTime(pod(tolerations, scheduled), taints, new Map(), start + 50_000).due
      assert.equal((time - start) / 1000, due)
    })

  test('goes on from when the taint was first seen', () => {
    const it = pod([exists('a', 100), exists('b', 100)])
    const first = evictionTime(it, [taint('a')], new Map(), start)
    assert.equal(first.due, start + 100_000)
    const second = evictionTime(it, [taint('a'), taint('b')], first.since, start + 50_000)
    assert.equal(second.due, start + 100_000)
    const third = evictionTime(it, [taint('b')], second.since, start + 60_000)
    assert.equal(third.due, start + 150_000)
  })
})
