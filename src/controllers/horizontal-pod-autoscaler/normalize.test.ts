import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normalize, normalizeByRules } from './normalize.js'
import { ScalingHistory } from './scaling-history.js'
import type { ScalingBehavior, ScalingRules } from './scaling-rules.js'

const minute = 60_000

const rules = (more: Partial<ScalingRules> = {}): ScalingRules => ({
  stabilization: 0,
  select: 'Max',
  policies: [{ type: 'Percent', value: 100, period: 15_000 }],
  ...more,
})
const behavior = (scaleUp: Partial<ScalingRules> = {}, scaleDown: Partial<ScalingRules> = {}): ScalingBehavior => ({
  scaleUp: rules(scaleUp),
  scaleDown: rules(scaleDown),
})
const pods = (value: number, period = minute) => ({ type: 'Pods', value, period }) as const
const percent = (value: number, period = minute) => ({ type: 'Percent', value, period }) as const

describe('without rules', () => {
  const cases: readonly (readonly [
    name: string,
    current: number,
    wanted: number,
    min: number,
    max: number,
    replicas: number,
    limited: string,
  ])[] = [
    ['what is in range is taken', 3, 5, 1, 10, 5, 'False DesiredWithinRange'],
    ['never more than the maximum', 4, 9, 1, 8, 8, 'True TooManyReplicas'],
    ['never fewer than the minimum', 3, 1, 3, 8, 3, 'True TooFewReplicas'],
    ['four at least at a time', 1, 9, 1, 20, 4, 'True ScaleUpLimit'],
    ['twice as many at most at a time', 5, 19, 1, 20, 10, 'True ScaleUpLimit'],
    ['nothing where nothing is allowed', 1, 0, 0, 20, 0, 'False DesiredWithinRange'],
  ]
  for (const [name, current, wanted, min, max, replicas, limited] of cases)
    it(name, () => {
      const history = new ScalingHistory(0, 0)
      const found = normalize({ current, wanted, min, max, now: minute }, history, minute)
      assert.equal(found.replicas, replicas)
      const { status, reason } = found.scalingLimited
      assert.equal(`${status ? 'True' : 'False'} ${reason}`, limited)
    })

  it('the highest recommendation of five minutes holds', () => {
    const history = new ScalingHistory(10, 0)
    const at = (now: number, wanted: number) => {
      const { replicas, ableToScale } = normalize({ current: 10, wanted, min: 1, max: 20, now }, history, 5 * minute)
      return [replicas, ableToScale.reason]
    }
    assert.deepEqual(at(0, 5), [10, 'ScaleDownStabilized'])
    assert.deepEqual(at(minute, 7), [10, 'ScaleDownStabilized'])
    assert.deepEqual(at(2 * minute, 10), [10, 'ReadyForNewScale'])
    assert.deepEqual(at(5 * minute, 5), [10, 'ScaleDownStabilized'])
    assert.deepEqual(at(7 * minute + 1, 5), [5, 'ReadyForNewScale'])
    assert.deepEqual(at(7 * minute + 2, 12), [12, 'ReadyForNewScale'])
  })
})

describe('by rules', () => {
  interface Case {
    readonly name: string
    readonly current: number
    readonly wanted: number
    readonly behavior: ScalingBehavior
    readonly bounds?: readonly [min: number, max: number]
    readonly replicas: number
    readonly limited: string
  }
  const within = 'DesiredWithinRange'
  const cases: readonly Case[] = [
    {
      name: 'a number of pods upwards',
      current: 2,
      wanted: 9,
      behavior: behavior({ policies: [pods(3)] }),
      replicas: 5,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'a part of them upwards, rounded up',
      current: 5,
      wanted: 19,
      behavior: behavior({ policies: [percent(50)] }),
      replicas: 8,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'the most that any policy allows',
      current: 5,
      wanted: 19,
      behavior: behavior({ policies: [percent(50), pods(6)] }),
      replicas: 11,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'the least that any policy allows',
      current: 5,
      wanted: 19,
      behavior: behavior({ select: 'Min', policies: [percent(50), pods(6)] }),
      replicas: 8,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'not upwards at all',
      current: 5,
      wanted: 19,
      behavior: behavior({ select: 'Disabled' }),
      replicas: 5,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'up to the maximum',
      current: 5,
      wanted: 30,
      behavior: behavior({ policies: [pods(50)] }),
      replicas: 20,
      limited: 'TooManyReplicas',
    },
    {
      name: 'a number of pods downwards',
      current: 15,
      wanted: 1,
      behavior: behavior({}, { policies: [pods(3)] }),
      replicas: 12,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'a part of them downwards, rounded down',
      current: 9,
      wanted: 1,
      behavior: behavior({}, { policies: [percent(50)] }),
      replicas: 4,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'downwards by the most',
      current: 10,
      wanted: 1,
      behavior: behavior({}, { policies: [percent(50), pods(2)] }),
      replicas: 5,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'downwards by the least',
      current: 10,
      wanted: 1,
      behavior: behavior({}, { select: 'Min', policies: [percent(50), pods(2)] }),
      replicas: 8,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'not downwards at all',
      current: 10,
      wanted: 1,
      behavior: behavior({}, { select: 'Disabled' }),
      replicas: 10,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'down to the minimum',
      current: 10,
      wanted: 1,
      behavior: behavior(),
      bounds: [3, 20],
      replicas: 3,
      limited: 'TooFewReplicas',
    },
    {
      name: 'down to nothing',
      current: 1,
      wanted: 0,
      behavior: behavior(),
      bounds: [0, 20],
      replicas: 0,
      limited: within,
    },
    { name: 'what they allow', current: 5, wanted: 6, behavior: behavior(), replicas: 6, limited: within },
    { name: 'what there is', current: 5, wanted: 5, behavior: behavior(), replicas: 5, limited: within },
  ]
  for (const { name, current, wanted, behavior, bounds: [min, max] = [1, 20], replicas, limited } of cases)
    it(name, () => {
      const history = new ScalingHistory(current, 0)
      const found = normalizeByRules({ current, wanted, min, max, now: minute }, history, behavior)
      assert.deepEqual([found.replicas, found.scalingLimited.reason], [replicas, limited])
      assert.equal(found.scalingLimited.status, limited !== within)
    })

  it('what was changed within a period counts', () => {
    const rule = behavior({ policies: [pods(4)] }, { policies: [pods(4)] })
    const history = new ScalingHistory(10, 0)
    const at = (now: number, current: number, wanted: number) =>
      normalizeByRules({ current, wanted, min: 1, max: 100, now }, history, rule).replicas
    assert.equal(at(1000, 10, 50), 14)
    history.scaled(10, 14, rule, 1000)
    assert.equal(at(2000, 14, 50), 14)
    assert.equal(at(minute + 1000, 14, 50), 18)
    history.scaled(14, 18, rule, minute + 1000)
    // Four were added in the last minute: from the fourteen that there were before, it is eight down to ten.
    assert.equal(at(minute + 2000, 18, 1), 10)
    history.scaled(18, 10, rule, minute + 2000)
    assert.equal(at(minute + 3000, 10, 1), 10)
  })

  it('windows hold on to the lowest upwards and the highest downwards', () => {
    const rule = behavior({ stabilization: 2 * minute, policies: [pods(50)] }, { stabilization: 5 * minute })
    const history = new ScalingHistory(5, -10 * minute)
    const at = (now: number, current: number, wanted: number) => {
      const found = normalizeByRules({ current, wanted, min: 1, max: 100, now }, history, rule)
      return [found.replicas, found.ableToScale.reason]
    }
    assert.deepEqual(at(0, 5, 5), [5, 'ReadyForNewScale'])
    assert.deepEqual(at(minute, 5, 20), [5, 'ScaleUpStabilized'])
    assert.deepEqual(at(2 * minute, 5, 18), [18, 'ReadyForNewScale'])
    assert.deepEqual(at(4 * minute, 18, 3), [18, 'ScaleDownStabilized'])
    assert.deepEqual(at(6 * minute, 18, 3), [18, 'ScaleDownStabilized'])
    assert.deepEqual(at(7 * minute, 18, 3), [3, 'ReadyForNewScale'])
  })
})
