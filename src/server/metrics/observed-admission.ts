import type { Distribution } from '../../machinery/metrics/index.js'
import type { Resource } from '../../machinery/resource.js'
import {
  type AdmissionPlugin,
  type AdmissionRequest,
  allocateAll,
  type Operation,
  settleAll,
} from '../admission/admission.js'
import { concernOf } from '../admission/concern.js'
import type { ServerMetrics } from './server-metrics.js'

type Step = 'admit' | 'validate'
type Work = (request: AdmissionRequest) => Promise<void> | void
type Metrics = Pick<ServerMetrics, 'admission' | 'admissionSteps'>

/**
 * The same plugins, as one: those that say what they look at are not asked about anything else. Their work is measured,
 * each one's and all together.
 */
export function observedAdmission(plugins: readonly AdmissionPlugin[], metrics: Metrics): AdmissionPlugin[] {
  // Few plugins have these.
  const allocating = plugins.filter(({ allocate }) => allocate)
  const settling = plugins.filter(({ settled }) => settled)
  return [
    {
      name: 'Observed',
      mutate: measured('admit', plugins, plugin => plugin.mutate?.bind(plugin), metrics),
      allocate: request => allocateAll(allocating, request),
      validate: measured('validate', plugins, plugin => plugin.validate?.bind(plugin), metrics),
      settled: (request, written) => settleAll(settling, request, written),
    },
  ]
}

/** What happens in one step of writes that are alike in what they do to which resource. */
class Chain {
  readonly #works: Work[] = []
  readonly #names: string[] = []
  /** Of each work, once it has been done. */
  readonly #passed: Distribution[] = []
  /** Of those that do not look at such writes, and so have nothing to do. */
  readonly #idle: Distribution[] = []
  #whole: Distribution | undefined

  constructor(
    private readonly operation: Operation,
    private readonly step: Step,
    private readonly metrics: Metrics,
  ) {}

  add(name: string, work: Work): void {
    this.#names.push(name)
    this.#works.push(work)
  }

  addIdle(name: string): void {
    this.#idle.push(this.metrics.admission.with(name, this.operation, 'false', this.step))
  }

  run(request: AdmissionRequest): Promise<void> | void {
    for (const duration of this.#idle) duration.observe(0)
    const now = performance.now()
    return this.#runFrom(0, request, now, now)
  }

  /** Goes on with one of the works. One's end is the next one's beginning: the clock is read once for each. */
  #runFrom(from: number, request: AdmissionRequest, begun: number, began: number): Promise<void> | void {
    const works = this.#works
    let since = began
    for (let i = from; i < works.length; i++) {
      let pending: Promise<void> | void
      try {
        pending = (works[i] as Work)(request)
      } catch (error) {
        return this.#refuse(i, begun, since, error)
      }
      if (pending) {
        const asked = since
        return pending.then(
          () => this.#runFrom(i + 1, request, begun, this.#pass(i, asked)),
          error => this.#refuse(i, begun, asked, error),
        )
      }
      since = this.#pass(i, since)
    }
    this.#whole ??= this.metrics.admissionSteps.with(this.operation, 'false', this.step)
    this.#whole.observe((since - begun) / 1000)
  }

  /** Notes how long a work took until now, which is the answer. */
  #pass(at: number, since: number): number {
    const now = performance.now()
    let duration = this.#passed[at]
    if (!duration)
      this.#passed[at] = duration = this.metrics.admission.with(
        this.#names[at] ?? '',
        this.operation,
        'false',
        this.step,
      )
    duration.observe((now - since) / 1000)
    return now
  }

  #refuse(at: number, begun: number, since: number, error: unknown): never {
    const { metrics, operation, step } = this
    const now = performance.now()
    metrics.admission.with(this.#names[at] ?? '', operation, 'true', step).observe((now - since) / 1000)
    metrics.admissionSteps.with(operation, 'true', step).observe((now - begun) / 1000)
    throw error
  }
}

function measured(
  step: Step,
  plugins: readonly AdmissionPlugin[],
  workOf: (plugin: AdmissionPlugin) => Work | undefined,
  metrics: Metrics,
): Work {
  const parts = plugins.flatMap(plugin => {
    const work = workOf(plugin)
    return work ? [{ name: plugin.name, work, ...concernOf(plugin.match) }] : []
  })
  const chainOf = (request: AdmissionRequest): Chain => {
    const chain = new Chain(request.operation, step, metrics)
    for (const { name, work, isAbout, inNamespace } of parts)
      if (!isAbout(request)) chain.addIdle(name)
      else chain.add(name, inNamespace ? request => (inNamespace(request.namespace) ? work(request) : undefined) : work)
    return chain
  }
  // By resource, operation and subresource: of all that there could be, those that there are.
  const chains = new WeakMap<Resource, Map<Operation, Map<string, Chain>>>()
  return request => {
    const { resource, operation, subresource } = request
    let chain = chains.get(resource)?.get(operation)?.get(subresource)
    if (!chain) {
      chain = chainOf(request)
      const byOperation = chains.get(resource) ?? new Map<Operation, Map<string, Chain>>()
      const bySubresource = byOperation.get(operation) ?? new Map<string, Chain>()
      chains.set(resource, byOperation.set(operation, bySubresource.set(subresource, chain)))
    }
    return chain.run(request)
  }
}
