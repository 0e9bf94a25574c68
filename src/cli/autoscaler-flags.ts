import type { Command } from 'commander'
import { OperatorError } from '../cluster/operator-error.js'
import type { AutoscalerOptions } from '../controllers/index.js'
import { durationMs } from './flag-values.js'

/** How workloads are scaled by their metrics, as the command line has it. */
export interface AutoscalerFlags {
  readonly horizontalPodAutoscalerSyncPeriod: string
  readonly horizontalPodAutoscalerDownscaleStabilization: string
  readonly horizontalPodAutoscalerTolerance: string
  readonly horizontalPodAutoscalerCpuInitializationPeriod: string
  readonly horizontalPodAutoscalerInitialReadinessDelay: string
}

const flag = (name: string): string => `--horizontal-pod-autoscaler-${name}`

export const withAutoscaling = (command: Command): Command =>
  command
    .option(`${flag('sync-period')} <duration>`, 'from one look at an autoscaler to the next', '15s')
    .option(
      `${flag('downscale-stabilization')} <duration>`,
      'how long what was recommended keeps pods from being taken away',
      '5m',
    )
    .option(`${flag('tolerance')} <part>`, 'how far a metric may be from its target before anything is scaled', '0.1')
    .option(`${flag('cpu-initialization-period')} <duration>`, 'how long CPU use may be that of a pod’s start', '5m')
    .option(
      `${flag('initial-readiness-delay')} <duration>`,
      'how long after its start a pod that became unready has never been ready',
      '30s',
    )

/** Throws an `OperatorError` that names the flag which makes no sense. */
export function autoscalerOptions(flags: AutoscalerFlags): AutoscalerOptions {
  const duration = (name: string, value: string): number => {
    const ms = durationMs(flag(name), value)
    if (ms < 0) throw new OperatorError(`${flag(name)} is ${value}`, 'A duration must not be negative.')
    return ms
  }
  const tolerance = Number(flags.horizontalPodAutoscalerTolerance)
  if (!(tolerance >= 0))
    throw new OperatorError(
      `${flag('tolerance')} is ${JSON.stringify(flags.horizontalPodAutoscalerTolerance)}`,
      'It is a part of the target, such as 0.1 for a tenth.',
    )
  const syncPeriod = duration('sync-period', flags.horizontalPodAutoscalerSyncPeriod)
  if (syncPeriod === 0) throw new OperatorError(`${flag('sync-period')} is 0`, 'Durations are like 30s, 5m or 1h.')
  return {
    syncPeriod,
    downscaleStabilization: duration('downscale-stabilization', flags.horizontalPodAutoscalerDownscaleStabilization),
    tolerance,
    cpuInitializationPeriod: duration(
      'cpu-initialization-period',
      flags.horizontalPodAutoscalerCpuInitializationPeriod,
    ),
    initialReadinessDelay: duration('initial-readiness-delay', flags.horizontalPodAutoscalerInitialReadinessDelay),
  }
}
