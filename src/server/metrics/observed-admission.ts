import type { Distribution } from '../../machinery/metrics/index.js'
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.js'
import type { ServerMetrics } from './server-metrics.js'

type Step = 'admit' | 'validate'
type Work = (request: AdmissionRequest) => Promise<void> | void

/** The same plugins, whose work is measured, each and all together. */
export function observedAdmission(
  plugins: readonly AdmissionPlugin[],
  metrics: Pick<ServerMetrics, 'admission' | 'admissionSteps'>,
): AdmissionPlugin[] {
  const began = new WeakMap<AdmissionRequest, number>()
  const begin = (request: AdmissionRequest) => void began.set(request, performance.now())
  const endStep = (step: Step, request: AdmissionRequest, rejected: boolean) => {
    const begun = began.get(request)
    if (begun === undefined) return
    metrics.admissionSteps.with(request.operation, String(rejected), step).observe((performance.now() - begun) / 1000)
  }

  const measured = (name: string, step: Step, work: Work): Work => {
    const passed = new Map<string, Distribution>()
    const note = ({ operation }: AdmissionRequest, begun: number) => {
      let cell = passed.get(operation)
      if (!cell) passed.set(operation, (cell = metrics.admission.with(name, operation, 'false', step)))
      cell.observe((performance.now() - begun) / 1000)
    }
    const refuse = (request: AdmissionRequest, begun: number, error: unknown): never => {
      metrics.admission.with(name, request.operation, 'true', step).observe((performance.now() - begun) / 1000)
      endStep(step, request, true)
      throw error
    }
    return request => {
      const begun = performance.now()
      let pending: Promise<void> | void
      try {
        pending = work(request)
      } catch (error) {
        return refuse(request, begun, error)
      }
      if (!pending) return note(request, begun)
      return pending.then(
        () => note(request, begun),
        error => refuse(request, begun, error),
      )
    }
  }

  const observed = plugins.map((plugin): AdmissionPlugin => {
    const { name, mutate, validate } = plugin
    return {
      ...plugin,
      ...(mutate ? { mutate: measured(name, 'admit', request => mutate.call(plugin, request)) } : {}),
      ...(validate ? { validate: measured(name, 'validate', request => validate.call(plugin, request)) } : {}),
    }
  })
  return [
    { name: 'Begin', mutate: begin, validate: begin },
    ...observed,
    {
      name: 'End',
      mutate: request => endStep('admit', request, false),
      validate: request => endStep('validate', request, false),
    },
  ]
}
