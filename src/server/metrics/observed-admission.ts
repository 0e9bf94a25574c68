import type { Distribution } from '../../machinery/metrics/index.js'
import { type AdmissionPlugin, type AdmissionRequest, allocateAll, settleAll } from '../admission/admission.js'
import type { ServerMetrics } from './server-metrics.js'

type Step = 'admit' | 'validate'
type Work = (request: AdmissionRequest) => Promise<void> | void
type Metrics = Pick<ServerMetrics, 'admission' | 'admissionSteps'>

/** The same plugins, as one whose work is measured, each part and all together. */
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

function measured(
  step: Step,
  plugins: readonly AdmissionPlugin[],
  workOf: (plugin: AdmissionPlugin) => Work | undefined,
  metrics: Metrics,
): Work {
  const names: string[] = []
  const works: Work[] = []
  for (const plugin of plugins) {
    const work = workOf(plugin)
    if (!work) continue
    names.push(plugin.name)
    works.push(work)
  }
  // Looking a series up takes longer than most plugins do.
  const passedBy = new Map<string, (Distribution | undefined)[]>()
  const seriesOf = (operation: string): (Distribution | undefined)[] => {
    let series = passedBy.get(operation)
    if (!series) passedBy.set(operation, (series = []))
    return series
  }
  /** Notes how long a plugin took until now, which is the answer. */
  const passed = (at: number, { operation }: AdmissionRequest, since: number): number => {
    const now = performance.now()
    const series = seriesOf(operation)
    series[at] ??= metrics.admission.with(names[at] ?? '', operation, 'false', step)
    series[at].observe((now - since) / 1000)
    return now
  }
  const refuse = (at: number, { operation }: AdmissionRequest, begun: number, since: number, error: unknown): never => {
    const now = performance.now()
    metrics.admission.with(names[at] ?? '', operation, 'true', step).observe((now - since) / 1000)
    metrics.admissionSteps.with(operation, 'true', step).observe((now - begun) / 1000)
    throw error
  }

  /** Goes on with the plugin at `from`. One plugin's end is the next one's beginning: the clock is read once for each. */
  const run = (request: AdmissionRequest, from: number, begun: number, began: number): Promise<void> | void => {
    let since = began
    for (let i = from; i < works.length; i++) {
      let pending: Promise<void> | void
      try {
        pending = works[i]?.(request)
      } catch (error) {
        return refuse(i, request, begun, since, error)
      }
      if (pending) {
        const asked = since
        return pending.then(
          () => run(request, i + 1, begun, passed(i, request, asked)),
          error => refuse(i, request, begun, asked, error),
        )
      }
      since = passed(i, request, since)
    }
    metrics.admissionSteps.with(request.operation, 'false', step).observe((since - begun) / 1000)
  }
  return request => {
    const now = performance.now()
    return run(request, 0, now, now)
  }
}
