import type { UserInfo } from '../machinery/http.js'
import { internalError, StatusError } from '../machinery/status-error.js'
import type { FaultReport } from './fault-report.js'
import type { PluginEntry } from './manifest.js'
import type { PluginCall } from './plugin-call.js'
import { PluginFault, type PluginHost } from './plugin-host.js'
import type { PluginMetrics } from './plugin-metrics.js'

const defaultTimeoutMs = 5_000

/** Calls plugins within their limits: measures, tells of faults, and makes of them what the plugin's policy says. */
export class PluginCaller {
  /** Until the cluster is complete, nobody is called: what it needs itself is none of a plugin's business. */
  active = false

  constructor(
    private readonly host: PluginHost,
    private readonly metrics: PluginMetrics,
    private readonly report: FaultReport,
  ) {}

  /**
   * The answer of a plugin, as `read` finds it to be; undefined if it failed and that is to be ignored. Throws the
   * `StatusError` by which it refuses, or a 500 if it failed.
   */
  async ask<T>(entry: PluginEntry<unknown>, call: PluginCall, read: (answer: unknown) => T): Promise<T | undefined> {
    const { name, timeoutMs = defaultTimeoutMs, failurePolicy } = entry
    const begun = performance.now()
    const done = (result: string) => this.metrics.called(name, call.point, result, (performance.now() - begun) / 1000)
    try {
      const answer = read(await this.host.call(call, timeoutMs))
      done('ok')
      return answer
    } catch (error) {
      if (error instanceof StatusError) {
        done('refused')
        throw error
      }
      done(error instanceof PluginFault ? error.reason : 'error')
      this.report.tell(`plugin ${name}, ${call.point}`, error)
      if (failurePolicy === 'Ignore') return undefined
      throw internalError(`the plugin "${name}" failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** Throws a fault that says what a plugin should have answered. */
export function invalidAnswer(answer: unknown, wanted: string): never {
  let shown: string | undefined
  try {
    shown = JSON.stringify(answer)?.slice(0, 200)
  } catch {
    // It refers to itself.
  }
  throw new PluginFault('invalid', `it must answer ${wanted}, not ${shown ?? String(answer)}`)
}

/** Whether a user is a part of the cluster, or one of its plugins: plugins do not decide about these. */
export const isComponent = ({ name }: UserInfo): boolean =>
  name.startsWith('t8s:') ||
  (name.startsWith('system:') &&
    name !== 'system:anonymous' &&
    (!name.startsWith('system:serviceaccount:') || name.startsWith('system:serviceaccount:kube-system:')))
