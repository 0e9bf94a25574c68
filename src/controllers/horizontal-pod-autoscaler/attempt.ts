import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type MetricStatus,
} from '../../api/autoscaling/v2/index.js'
import { Pod } from '../../api/core/v1/index.js'
import type { Key, ReconcileContext } from '../../client/controller.js'
import type { ServedApi } from '../../client/discovery.js'
import { rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { parseLabelSelector, type Selector } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { AutoscalerMetrics, ErrorKind } from './autoscaler-metrics.js'
import type { ClaimedPods } from './claimed-pods.js'
import { type ComputedReplicas, computeReplicas } from './compute-replicas.js'
import { AutoscalerConditions } from './conditions.js'
import { metricSources } from './metric-sources.js'
import { normalize, normalizeByRules } from './normalize.js'
import { readScale, type ScaleTarget, writeScale } from './scale-target.js'
import { ScalingHistory } from './scaling-history.js'
import { behaviorOf, tolerancesOf } from './scaling-rules.js'

/** As the flags of kube-controller-manager that begin with `--horizontal-pod-autoscaler`. Milliseconds. */
export interface AttemptOptions {
  /** How long what was recommended keeps pods from being taken away, where an autoscaler has no window; 5 min. */
  readonly downscaleStabilization: number
  /** How far a metric may be from its target, as a part of it; 0.1. */
  readonly tolerance: number
  /** How long CPU use may be that of a pod's start; 5 min. */
  readonly cpuInitializationPeriod: number
  /** How long after its start a pod that became unready has never been ready; 30 s. */
  readonly initialReadinessDelay: number
}

/** What is remembered of an autoscaler from one look to the next. */
export interface AttemptMemory {
  history?: ScalingHistory
}

/** What all looks at all autoscalers share. */
export interface AttemptSurroundings {
  readonly options: AttemptOptions
  readonly claimed: ClaimedPods
  readonly measured: AutoscalerMetrics
  /** What the server serves. */
  readonly served: () => Promise<ServedApi>
}

/** One look at one autoscaler. */
export class AutoscalingAttempt {
  readonly #conditions: AutoscalerConditions
  readonly #now: number
  readonly #key: Key

  constructor(
    private readonly autoscaler: HorizontalPodAutoscaler,
    private readonly memory: AttemptMemory,
    private readonly context: ReconcileContext,
    private readonly surroundings: AttemptSurroundings,
  ) {
    const { namespace = '', name = '' } = autoscaler.metadata
    this.#key = { namespace, name }
    this.#now = context.clock.now()
    this.#conditions = new AutoscalerConditions(autoscaler.status.conditions, this.#now)
  }

  /** Looks, scales if that is due, and says so in the status. Throws if the status cannot be written. */
  async run(): Promise<void> {
    const done = (action: 'scale_up' | 'scale_down' | 'none', error: ErrorKind) =>
      this.surroundings.measured.reconciled(action, error, (this.context.clock.now() - this.#now) / 1000)
    const target = await this.#target()
    if (!target) return done('none', 'internal')
    const { replicas: current = 0 } = target.scale.spec
    const decision = await this.#decide(target, current)
    if (!decision) return done('none', 'internal')
    const { wanted, reason, statuses, failed } = decision
    if (wanted === current) {
      await this.#writeStatus(current, current, statuses, false)
      return done('none', failed ? 'internal' : 'none')
    }
    const scaled = await this.#scale(target, current, wanted, reason)
    await this.#writeStatus(current, scaled ? wanted : this.autoscaler.status.desiredReplicas, statuses, scaled)
    done(!scaled ? 'none' : wanted > current ? 'scale_up' : 'scale_down', scaled && !failed ? 'none' : 'internal')
  }

  /** What is to be scaled; undefined, and said why in the status, if that cannot be told. */
  async #target(): Promise<ScaleTarget | undefined> {
    const { autoscaler, context, surroundings } = this
    try {
      const target = await readScale(context, surroundings.served, this.#key.namespace, autoscaler.spec.scaleTargetRef)
      const what = "the HPA controller was able to get the target's current scale"
      this.#conditions.set('AbleToScale', true, 'SucceededGetScale', what)
      return target
    } catch (error) {
      if (context.signal.aborted) throw error
      const why = messageOf(error)
      this.#warn('FailedGetScale', why)
      const what = `the HPA controller was unable to get the target's current scale: ${why}`
      this.#conditions.set('AbleToScale', false, 'FailedGetScale', what)
      const { currentReplicas = 0, desiredReplicas, currentMetrics } = autoscaler.status
      await this.#writeStatus(currentReplicas, desiredReplicas, currentMetrics, false)
      return undefined
    }
  }

  /** How many there should be, and why; undefined, and said why in the status, if that cannot be told. */
  async #decide(target: ScaleTarget, current: number) {
    const { minReplicas: min = 1, maxReplicas: max } = this.autoscaler.spec
    this.memory.history ??= new ScalingHistory(current, this.#now)
    if (current === 0 && min !== 0) {
      const why = 'scaling is disabled since the replica count of the target is zero'
      this.#conditions.set('ScalingActive', false, 'ScalingDisabled', why)
      return { wanted: 0, reason: '', statuses: null, failed: false }
    }
    if (current > max)
      return {
        wanted: max,
        reason: 'Current number of replicas above Spec.MaxReplicas',
        statuses: null,
        failed: false,
      }
    if (current < min)
      return {
        wanted: min,
        reason: 'Current number of replicas below Spec.MinReplicas',
        statuses: null,
        failed: false,
      }
    const computed = await this.#compute(target, current)
    const { replicas, metric, statuses, failure } = computed
    if (replicas === undefined) {
      this.#warn('FailedComputeMetricsReplicas', failure?.message ?? '')
      await this.#writeStatus(current, this.autoscaler.status.desiredReplicas, statuses, false)
      return undefined
    }
    const wanted = this.#normalized(current, replicas, min, max, this.memory.history)
    const below = replicas < current ? 'All metrics below target' : ''
    const reason = replicas > current ? `${metric} above target` : below
    return { wanted, reason, statuses, failed: failure !== undefined }
  }

  async #compute({ scale }: ScaleTarget, current: number): Promise<ComputedReplicas> {
    const { autoscaler, context } = this
    const { options, served, measured } = this.surroundings
    const { namespace } = this.#key
    const selector = this.#selector(scale.status.selector ?? '')
    if (selector instanceof Error) return { replicas: undefined, metric: '', statuses: null, failure: selector }
    return computeReplicas({
      autoscaler,
      target: {
        pods: this.#pods(selector),
        replicas: current,
        present: scale.status.replicas,
        selection: { namespace, selector: scale.status.selector ?? '' },
        tolerances: tolerancesOf(autoscaler, options.tolerance),
        periods: {
          cpuInitialization: options.cpuInitializationPeriod,
          initialReadinessDelay: options.initialReadinessDelay,
        },
        now: this.#now,
      },
      sources: metricSources(context.client, served, context.signal),
      conditions: this.#conditions,
      events: context.events,
      clock: context.clock,
      signal: context.signal,
      measured,
    })
  }

  #pods(selector: Selector): readonly Pod[] {
    return this.context.list(Pod, {
      namespace: this.#key.namespace,
      matches: labels => selector.matches(labels),
    })
  }

  /** The selector of the target's pods; an error, and said so, if it does not tell them from others'. */
  #selector(text: string): Selector | Error {
    const refuse = (reason: string, message: string, condition = message) => {
      this.#warn(reason, message)
      const conditionReason = reason === 'SelectorRequired' ? 'InvalidSelector' : reason
      this.#conditions.set('ScalingActive', false, conditionReason, condition)
      return new Error(message)
    }
    if (text === '')
      return refuse('SelectorRequired', 'selector is required', "the HPA target's scale is missing a selector")
    let selector: Selector
    try {
      selector = parseLabelSelector(text)
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`
      return refuse('InvalidSelector', message)
    }
    this.surroundings.claimed.set(this.#key, selector)
    const claiming = this.surroundings.claimed.of(this.#key.namespace, this.#pods(selector))
    if (claiming.length < 2) return selector
    const names = claiming.map(({ name, namespace }) => `{${name} ${namespace}}`).join(' ')
    return refuse('AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${names}]`)
  }

  #normalized(current: number, wanted: number, min: number, max: number, history: ScalingHistory): number {
    const { downscaleStabilization } = this.surroundings.options
    const wish = { current, wanted, min, max, now: this.#now }
    const behavior = behaviorOf(this.autoscaler, downscaleStabilization)
    const found = behavior
      ? normalizeByRules(wish, history, behavior)
      : normalize(wish, history, downscaleStabilization)
    const { ableToScale, scalingLimited, replicas } = found
    this.#conditions.set('AbleToScale', true, ableToScale.reason, ableToScale.message)
    this.#conditions.set('ScalingLimited', scalingLimited.status, scalingLimited.reason, scalingLimited.message)
    return replicas
  }

  async #scale(target: ScaleTarget, current: number, wanted: number, reason: string): Promise<boolean> {
    const { autoscaler, context, memory } = this
    try {
      await writeScale(context, target, wanted)
    } catch (error) {
      if (context.signal.aborted) throw error
      const why = messageOf(error)
      this.#warn('FailedRescale', `New size: ${wanted}; reason: ${reason}; error: ${why}`)
      const what = `the HPA controller was unable to update the target scale: ${why}`
      this.#conditions.set('AbleToScale', false, 'FailedUpdateScale', what)
      return false
    }
    const what = `the HPA controller was able to update the target scale to ${wanted}`
    this.#conditions.set('AbleToScale', true, 'SucceededRescale', what)
    context.events.record(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${wanted}; reason: ${reason}`)
    const behavior = behaviorOf(autoscaler, this.surroundings.options.downscaleStabilization)
    if (behavior) memory.history?.scaled(current, wanted, behavior, this.#now)
    return true
  }

  async #writeStatus(
    currentReplicas: number,
    desiredReplicas: number,
    currentMetrics: readonly MetricStatus[] | null,
    rescaled: boolean,
  ): Promise<void> {
    const { autoscaler, context } = this
    const { generation } = autoscaler.metadata
    const { lastScaleTime } = autoscaler.status
    const status = {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(rescaled ? { lastScaleTime: rfc3339(this.#now) } : lastScaleTime ? { lastScaleTime } : {}),
      ...(currentReplicas ? { currentReplicas } : {}),
      desiredReplicas,
      currentMetrics: currentMetrics as HorizontalPodAutoscalerStatus['currentMetrics'],
      conditions: this.#conditions.all,
    }
    if (jsonEqual(status, autoscaler.status)) return
    try {
      await context.client.update(HorizontalPodAutoscaler, { ...autoscaler, status }, { subresource: 'status' })
    } catch (error) {
      if (isNotFound(error)) return
      if (!context.signal.aborted) this.#warn('FailedUpdateStatus', messageOf(error))
      throw error
    }
  }

  #warn(reason: string, message: string): void {
    this.context.events.record(this.autoscaler, 'Warning', reason, message)
  }
}
