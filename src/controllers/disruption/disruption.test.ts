import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { testPod } from '../test-pods.js'
import { budgetStatus, expectedOf } from './budget.js'

const now = Date.parse('2026-01-01T00:10:00Z')
const ready = '2026-01-01T00:00:00Z'
const budget = (spec: object, status: object = {}) =>
  ({ metadata: { name: 'b', generation: 2 }, spec, status }) as unknown as PodDisruptionBudget

describe('disruption budgets', () => {
  const cases: readonly [object, number, number, number, number][] = [
    // spec, pods, wanted -> expected, healthy
    [{ minAvailable: 2 }, 3, 9, 3, 2],
    [{ minAvailable: '50%' }, 3, 5, 5, 3],
    [{ maxUnavailable: 1 }, 3, 5, 5, 4],
    [{ maxUnavailable: '30%' }, 3, 10, 10, 7],
    [{ maxUnavailable: 9 }, 3, 5, 5, 0],
    [{}, 3, 5, 3, 0],
  ]
  for (const [spec, pods, wanted, expected, healthy] of cases)
    it(JSON.stringify(spec), () =>
      assert.deepEqual(
        expectedOf(budget(spec), pods, () => wanted),
        { pods: expected, healthy },
      ),
    )

  it('count pods that are ready, stay, and are not about to be evicted', () => {
    const pods = [
      testPod('a', { ready }),
      testPod('b', { ready }),
      testPod('c', { ready, deleted: true }),
      testPod('d'),
      testPod('evicted', { ready }),
      testPod('long-ago', { ready }),
    ]
    const disruptedPods = {
      evicted: '2026-01-01T00:09:00Z',
      'long-ago': '2026-01-01T00:01:00Z',
      c: '2026-01-01T00:09:59Z',
      gone: '2026-01-01T00:09:59Z',
    }
    const status = budgetStatus(budget({}, { disruptedPods }), pods, { pods: 6, healthy: 2 }, now)
    assert.deepEqual(status.disruptedPods, { evicted: '2026-01-01T00:09:00Z' })
    assert.deepEqual([status.currentHealthy, status.disruptionsAllowed, status.observedGeneration], [3, 1, 2])
    assert.deepEqual(
      status.conditions?.map(({ status, reason }) => [status, reason]),
      [['True', 'SufficientPods']],
    )
    const none = budgetStatus(budget({}), [], { pods: 0, healthy: 0 }, now)
    assert.deepEqual([none.disruptionsAllowed, none.conditions?.[0]?.reason], [0, 'InsufficientPods'])
  })
})
