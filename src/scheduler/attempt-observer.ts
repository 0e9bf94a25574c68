import { Unschedulable } from './framework.js'
import type { PointStatus, SchedulerMetrics } from './scheduler-metrics.js'

/** Of so many attempts one is looked at closely: measuring each plugin costs more than most plugins do. */
const oneIn = 10

/** Runs something and tells how it went and how many ms it took, once it is over. Throws what `run` throws. */
export function timed<R>(run: () => R, over: (status: PointStatus, ms: number) => void): R {
  const began = performance.now()
  const done = (status: PointStatus) => over(status, performance.now() - began)
  try {
    const result = run()
    if (result instanceof Promise)
      result.then(
        () => done('Success'),
        error => done(statusOf(error)),
      )
    else done('Success')
    return result
  } catch (error) {
    done(statusOf(error))
    throw error
  }
}

/** Measures one attempt, by the names of upstream's extension points. */
export class AttemptObserver {
  readonly #closely: boolean

  /** `random` is between 0 and 1. */
  constructor(
    private readonly metrics: SchedulerMetrics,
    private readonly profile: string,
    random: () => number,
  ) {
    this.#closely = random() * oneIn < 1
  }

  /** All plugins together took so long, in ms, at an extension point. */
  point(point: string, status: PointStatus, ms: number): void {
    this.metrics.extensionPoint(point, status, this.profile, ms)
  }

  /** A plugin has something to say about the pod at an extension point. */
  evaluated(plugin: string, point: string): void {
    this.metrics.pluginEvaluated(plugin, point, this.profile)
  }

  /** Runs a plugin, and measures how long it takes, until its promise settles if it makes one. Throws what `run` throws. */
  run<R>(plugin: string, point: string, run: () => R): R {
    if (!this.#closely) return run()
    return timed(run, (status, ms) => this.metrics.pluginExecuted(plugin, point, status, ms))
  }

  /** As `run`, of a function that is run for each node. What it answers is a rejection if `rejects`. */
  each<A, R>(plugin: string, point: string, run: (of: A) => R, rejects = false): (of: A) => R {
    if (!this.#closely) return run
    return of => {
      const began = performance.now()
      const result = run(of)
      const status = rejects && result !== undefined ? 'Unschedulable' : 'Success'
      this.metrics.pluginExecuted(plugin, point, status, performance.now() - began)
      return result
    }
  }
}

/** What became of a plugin that has thrown. */
export const statusOf = (error: unknown): PointStatus => (error instanceof Unschedulable ? 'Unschedulable' : 'Error')
