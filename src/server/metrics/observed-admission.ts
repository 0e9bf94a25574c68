import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.js'
import type { ServerMetrics } from './server-metrics.js'

/** The same plugin, whose work is measured. */
export function observedAdmission(
  plugin: AdmissionPlugin,
  { admission }: Pick<ServerMetrics, 'admission'>,
): AdmissionPlugin {
  const { name } = plugin
  const note = (type: 'admit' | 'validate', operation: string, rejected: boolean, begun: number) =>
    admission.with(name, operation, String(rejected), type).observe((performance.now() - begun) / 1000)
  const measured = (
    type: 'admit' | 'validate',
    request: AdmissionRequest,
    work: (request: AdmissionRequest) => Promise<void> | void,
  ): Promise<void> | void => {
    const begun = performance.now()
    const { operation } = request
    const failed = (error: unknown): never => {
      note(type, operation, true, begun)
      throw error
    }
    let pending: Promise<void> | void
    try {
      pending = work(request)
    } catch (error) {
      return failed(error)
    }
    if (pending) return pending.then(() => note(type, operation, false, begun), failed)
    note(type, operation, false, begun)
  }
  return {
    name,
    ...(plugin.mutate ? { mutate: request => measured('admit', request, asked => plugin.mutate?.(asked)) } : {}),
    ...(plugin.allocate ? { allocate: request => plugin.allocate?.(request) } : {}),
    ...(plugin.validate
      ? { validate: request => measured('validate', request, asked => plugin.validate?.(asked)) }
      : {}),
    ...(plugin.settled ? { settled: (request, written) => plugin.settled?.(request, written) } : {}),
  }
}
