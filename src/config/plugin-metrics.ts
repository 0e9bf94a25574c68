import type { MetricsRegistry } from '../machinery/metrics/index.js'

const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What becomes of plugins' calls. Counted once there is a registry to count in. */
export class PluginMetrics {
  #called: ((plugin: string, point: string, result: string, seconds: number) => void) | undefined
  #restarted: ((worker: string, reason: string) => void) | undefined

  countIn(registry: MetricsRegistry): void {
    const calls = registry.counter({
      name: 'typernetes_plugin_calls_total',
      help: 'Calls of plugins by what came of them: ok, refused, or why they failed.',
      labels: ['plugin', 'point', 'result'],
    })
    const durations = registry.histogram(
      {
        name: 'typernetes_plugin_call_duration_seconds',
        help: 'How long calls of plugins take, in seconds.',
        labels: ['plugin', 'point'],
      },
      bounds,
    )
    const restarts = registry.counter({
      name: 'typernetes_plugin_worker_restarts_total',
      help: 'How often a thread of plugins was started anew, and why.',
      labels: ['worker', 'reason'],
    })
    this.#called = (plugin, point, result, seconds) => {
      calls.with(plugin, point, result).add()
      durations.with(plugin, point).observe(seconds)
    }
    this.#restarted = (worker, reason) => restarts.with(worker, reason).add()
  }

  called(plugin: string, point: string, result: string, seconds: number): void {
    this.#called?.(plugin, point, result, seconds)
  }

  restarted(worker: string, reason: string): void {
    this.#restarted?.(worker, reason)
  }
}
