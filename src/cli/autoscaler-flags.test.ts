import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Command } from 'commander'
import { type AutoscalerFlags, autoscalerOptions, withAutoscaling } from './autoscaler-flags.js'

const flags = (...args: string[]) =>
  withAutoscaling(new Command()).parse(args, { from: 'user' }).opts<AutoscalerFlags>()

describe('flags of autoscaling', () => {
  it('are as upstream has them, unless they are given', () => {
    const defaults = {
      syncPeriod: 15_000,
      downscaleStabilization: 300_000,
      tolerance: 0.1,
      cpuInitializationPeriod: 300_000,
      initialReadinessDelay: 30_000,
    }
    assert.deepEqual(autoscalerOptions(flags()), defaults)
    const given = flags('--horizontal-pod-autoscaler-sync-period=1m', '--horizontal-pod-autoscaler-tolerance=0')
    assert.deepEqual(autoscalerOptions(given), { ...defaults, syncPeriod: 60_000, tolerance: 0 })
  })

  for (const [name, value] of [
    ['tolerance', 'much'],
    ['tolerance', '-1'],
    ['sync-period', '0s'],
    ['downscale-stabilization', '-5m'],
    ['initial-readiness-delay', 'soon'],
  ])
    it(`${name} is not ${value}`, () =>
      assert.throws(() => autoscalerOptions(flags(`--horizontal-pod-autoscaler-${name}=${value}`)), {
        message: new RegExp(`^--horizontal-pod-autoscaler-${name} is `),
      }))
})
