import type { HorizontalPodAutoscaler, MetricStatus } from '../../api/autoscaling/v2/index.js'
import type { EventRecorder } from '../../client/events.js'
import type { Clock } from '../../machinery/clock.js'
import type { AutoscalerMetrics } from './autoscaler-metrics.js'
import type { AutoscalerConditions } from './conditions.js'
import { evaluateMetric, MetricFailure, type Target } from './metric-evaluation.js'
import type { MetricSources } from './metric-sources.js'

export interface ComputedReplicas {
  /** The most that any metric asks for; undefined if too few of them can be told. */
  readonly replicas: number | undefined
  /** The metric that asks for the most. */
  readonly metric: string
  /** What each metric says, in their order; null where none was asked. */
  readonly statuses: readonly MetricStatus[] | null
  /** Why metrics cannot be told: the first of them speaks for all. */
  readonly failure: Error | undefined
}

interface Evaluation {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Target
  readonly sources: MetricSources
  readonly conditions: AutoscalerConditions
  readonly events: EventRecorder
  readonly clock: Clock
  /** Aborts when the controller is to end: what then fails is nobody's fault. */
  readonly signal: AbortSignal
  readonly measured: AutoscalerMetrics
}

/** What all metrics of an autoscaler ask for in sum. Says in conditions and events what cannot be told. */
export async function computeReplicas(evaluation: Evaluation): Promise<ComputedReplicas> {
  const { autoscaler, target, conditions, events } = evaluation
  const specs = autoscaler.spec.metrics ?? []
  const statuses: MetricStatus[] = []
  let best: { readonly replicas: number; readonly name: string } | undefined
  let first: MetricFailure | undefined
  let failed = 0
  for (const spec of specs) {
    const found = await evaluateOne(spec, evaluation)
    if (found instanceof MetricFailure) {
      events.record(autoscaler, 'Warning', found.reason, found.detail)
      first ??= found
      failed++
      statuses.push({ type: '' })
      continue
    }
    statuses.push(found.status)
    if (!best || best.replicas === 0 || found.replicas > best.replicas) best = found
  }
  const failure =
    first && new Error(`invalid metrics (${failed} invalid out of ${specs.length}), first error is: ${first.message}`)
  // What cannot be told may ask for more: nothing is taken away then.
  if (!best || (first && best.replicas < target.replicas)) {
    if (first)
      conditions.set(
        'ScalingActive',
        false,
        first.reason,
        `the HPA was unable to compute the replica count: ${first.detail}`,
      )
    return { replicas: undefined, metric: '', statuses, failure: failure ?? new Error('there are no metrics') }
  }
  conditions.set(
    'ScalingActive',
    true,
    'ValidMetricFound',
    `the HPA was able to successfully calculate a replica count from ${best.name}`,
  )
  return { replicas: best.replicas, metric: best.name, statuses, failure }
}

async function evaluateOne(spec: Parameters<typeof evaluateMetric>[0], evaluation: Evaluation) {
  const { target, sources, clock, signal, measured } = evaluation
  const begun = clock.now()
  const seconds = () => (clock.now() - begun) / 1000
  try {
    const found = await evaluateMetric(spec, target, sources)
    const action =
      found.replicas > target.replicas ? 'scale_up' : found.replicas < target.replicas ? 'scale_down' : 'none'
    measured.computed(action, 'none', spec.type, seconds())
    return found
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof MetricFailure)) throw error
    const kind = error.reason === 'InvalidMetricSourceType' ? 'spec' : 'internal'
    measured.computed('none', kind, spec.type, seconds())
    return error
  }
}
