import { HorizontalPodAutoscaler } from '../../api/autoscaling/v2/index.js'
import { Pod } from '../../api/core/v1/index.js'
import { type Controller, controller, type Key, type ReconcileContext } from '../../client/controller.js'
import { Discovery, type ServedApi } from '../../client/discovery.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { type AttemptMemory, type AttemptOptions, AutoscalingAttempt } from './attempt.js'
import { type AutoscalerMetrics, autoscalerMetrics, unmeasured } from './autoscaler-metrics.js'
import { ClaimedPods } from './claimed-pods.js'

/** Whatever is left out is as kube-controller-manager has it. */
export interface AutoscalerOptions extends Partial<AttemptOptions> {
  /** From one look at an autoscaler to the next, in milliseconds; 15 s. */
  readonly syncPeriod?: number
}

/** What is known of an autoscaler besides its object. */
interface Memory extends AttemptMemory {
  readonly uid: string
  /** What was looked at last, and when to look again. */
  spec?: HorizontalPodAutoscaler['spec']
  due: number
}

/** How long what the server serves is taken to stay the same, in milliseconds. */
const discoveryLifetime = 30_000

/**
 * Keeps the sizes of workloads at what their metrics ask for.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
 */
export function horizontalPodAutoscalers(options: AutoscalerOptions = {}, metrics?: MetricsRegistry): Controller {
  const autoscaling = new Autoscaling(options, metrics)
  return controller({
    name: 'horizontal-pod-autoscaler',
    eventSource: 'horizontal-pod-autoscaler',
    watches: { for: HorizontalPodAutoscaler, reads: [Pod] },
    concurrency: 5,
    reconcile: (key, context) => autoscaling.reconcile(key, context),
  })
}

class Autoscaling {
  readonly #options: Required<AutoscalerOptions>
  readonly #measured: AutoscalerMetrics
  readonly #memories = new Map<string, Memory>()
  readonly #claimed = new ClaimedPods()
  #discovery: { readonly api: Discovery; mark: number; at: number } | undefined

  constructor(options: AutoscalerOptions, metrics: MetricsRegistry | undefined) {
    this.#options = {
      syncPeriod: 15_000,
      downscaleStabilization: 5 * 60_000,
      tolerance: 0.1,
      cpuInitializationPeriod: 5 * 60_000,
      initialReadinessDelay: 30_000,
      ...options,
    }
    this.#measured = metrics ? autoscalerMetrics(metrics) : unmeasured
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<{ readonly after: number } | undefined> {
    const id = `${key.namespace}/${key.name}`
    const autoscaler = context.get(HorizontalPodAutoscaler, key)
    if (!autoscaler || autoscaler.metadata.deletionTimestamp) {
      this.#memories.delete(id)
      this.#claimed.delete(key)
      this.#measured.autoscalers(this.#memories.size)
      return undefined
    }
    const now = context.clock.now()
    const memory = this.#memoryOf(id, autoscaler)
    // Its own status brings the key, too.
    if (now < memory.due && jsonEqual(memory.spec, autoscaler.spec)) return { after: memory.due - now }
    await new AutoscalingAttempt(autoscaler, memory, context, {
      options: this.#options,
      claimed: this.#claimed,
      measured: this.#measured,
      served: () => this.#served(context),
    }).run()
    memory.spec = autoscaler.spec
    memory.due = context.clock.now() + this.#options.syncPeriod
    return { after: this.#options.syncPeriod }
  }

  #memoryOf(id: string, { metadata: { uid = '' } }: HorizontalPodAutoscaler): Memory {
    const known = this.#memories.get(id)
    if (known?.uid === uid) return known
    const memory = { uid, due: 0 }
    this.#memories.set(id, memory)
    this.#measured.autoscalers(this.#memories.size)
    return memory
  }

  #served({ client, clock, signal }: ReconcileContext): Promise<ServedApi> {
    const now = clock.now()
    const known = (this.#discovery ??= { api: new Discovery(client, signal), mark: 0, at: now })
    if (now - known.at >= discoveryLifetime) {
      known.mark = known.api.now
      known.at = now
    }
    return known.api.since(known.mark)
  }
}
