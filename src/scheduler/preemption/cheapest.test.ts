import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/core/v1/index.js'
import { podOf } from '../test-cluster.js'
import { cheapest } from './cheapest.js'

const victim = (priority: number, minute = 0): Pod => {
  const pod = podOf('x', {}, { priority })
  const startTime = `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`
  return { ...pod, status: { ...pod.status, startTime } } as Pod
}
const of = (violations: number, ...pods: Pod[]) => ({ violations, pods })

describe('cheapest', () => {
  const cases: readonly (readonly [what: string, nodes: Record<string, ReturnType<typeof of>>, string | undefined])[] =
    [
      ['nobody', {}, undefined],
      ['fewest broken budgets', { a: of(1, victim(1)), b: of(0, victim(9), victim(9)) }, 'b'],
      ['the least of the highest priorities', { a: of(0, victim(5)), b: of(0, victim(4), victim(4)) }, 'b'],
      ['the smallest sum of priorities', { a: of(0, victim(5), victim(4)), b: of(0, victim(5), victim(3)) }, 'b'],
      ['negative ones make many pods no cheaper', { a: of(0, victim(-5), victim(-9)), b: of(0, victim(-5)) }, 'b'],
      ['fewest victims', { a: of(0, victim(0), victim(0)), b: of(0, victim(0)) }, 'b'],
      ['the latest start', { a: of(0, victim(5, 10), victim(1, 1)), b: of(0, victim(5, 11), victim(1, 0)) }, 'b'],
      [
        'the earliest of the most important counts',
        { a: of(0, victim(5, 1), victim(5, 30)), b: of(0, victim(5, 2), victim(5, 3)) },
        'b',
      ],
      ['the first of equals', { a: of(0, victim(1)), b: of(0, victim(1)) }, 'a'],
    ]
  for (const [what, nodes, expected] of cases)
    it(what, () => assert.equal(cheapest(new Map(Object.entries(nodes))), expected))
})
