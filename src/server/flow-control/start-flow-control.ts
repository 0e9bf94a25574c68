import { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { every } from '../every.js'
import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import type { ResourceInfo } from '../request-info.js'
import { FlowControl } from './flow-control.js'
import { flowControlStage } from './flow-control-stage.js'
import { flowDumpStage } from './flow-dumps.js'
import { FlowMetrics } from './flow-metrics.js'
import { reportDangling, upkeepFlowObjects } from './flow-objects.js'
import { type Holdings, workEstimator } from './work-estimate.js'

export interface FlowControlParts {
  readonly registries: Registries
  readonly clock: Clock
  readonly metrics: MetricsRegistry
  /** Seats of the server: requests that change nothing and those that do, together. */
  readonly seats: number
  /** A request may take so long altogether, in milliseconds; waiting for a seat, a quarter of it. */
  readonly requestTimeoutMs: number
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
}

export interface RunningFlowControl {
  readonly stage: Stage
  /** Answers the paths that show what it is doing. */
  readonly dumps: Stage
  /** Resolves once the default objects are there and in force. */
  readonly ready: Promise<void>
}

const lendEvery = 10_000
const upkeepEvery = 60_000

/** Flow control as the objects of the cluster say, which it makes and looks after, until `signal` aborts. */
export function startFlowControl(parts: FlowControlParts): RunningFlowControl {
  const { registries, clock, signal, onError } = parts
  const control = new FlowControl({
    clock,
    seats: parts.seats,
    patienceMs: parts.requestTimeoutMs / 4,
    metrics: new FlowMetrics(parts.metrics),
  })
  const schemas = registries.of(FlowSchema).cache
  const levels = registries.of(PriorityLevelConfiguration).cache
  const configure = () =>
    control.configure(
      schemas.list().map(({ object }) => object),
      levels.list().map(({ object }) => object),
    )
  const guarded = (work: Promise<void>) =>
    work.catch(error => {
      if (!signal.aborted) onError(error)
    })
  let due = false
  let reporting = Promise.resolve()
  // Many changes at once are taken in at once.
  const changed = () => {
    if (due || signal.aborted) return
    due = true
    setImmediate(() => {
      due = false
      if (signal.aborted) return
      configure()
      reporting = reporting.then(() => guarded(reportDangling(registries, clock)))
    })
  }
  configure()
  schemas.observe(changed)
  levels.observe(changed)
  every(clock, lendEvery, signal, () => control.lend())
  every(clock, upkeepEvery, signal, () => void guarded(upkeepFlowObjects(registries)))
  const ready = guarded(
    (async () => {
      await upkeepFlowObjects(registries)
      configure()
      await reportDangling(registries, clock)
    })(),
  )
  return {
    stage: flowControlStage(control, workEstimator(holdings(registries)), clock),
    dumps: flowDumpStage(control),
    ready,
  }
}

/** Objects looked at for their size. */
const sample = 16

/** What a resource holds, by its cache. */
function holdings(registries: Registries): (resource: ResourceInfo) => Holdings | undefined {
  return ({ group, version, plural }) => {
    const registry = registries.find(group, version, plural)
    if (!registry) return undefined
    const cache = registry.host.feed.cacheOf(registry.cache.prefix)
    if (!cache) return undefined
    return { objects: cache.size, averageSize: cache.averageSize(sample), watchers: cache.watcherCount }
  }
}
