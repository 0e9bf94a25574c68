import type {
  Cell,
  Distribution,
  HistogramMetric,
  MetricsRegistry,
  ValueMetric,
} from '../../machinery/metrics/index.js'

const waitBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const executionBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const lengthBounds = [0, 10, 25, 50, 100, 250, 500, 1000]
const seatBounds = [1, 2, 4, 10]

/** Why a request was sent away, as metrics name it. */
export type RejectionReason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled'

/** What is counted of the requests of one flow schema at one priority level. */
export interface FlowCells {
  readonly dispatched: Cell
  readonly inQueue: Cell
  readonly seatsInQueue: Cell
  readonly executing: Cell
  readonly seatsInUse: Cell
  readonly waited: Distribution
  readonly waitedInVain: Distribution
  readonly execution: Distribution
  readonly queueLength: Distribution
  readonly estimatedSeats: Distribution
  readonly noAccommodation: Cell
  rejected(reason: RejectionReason): Cell
}

/** What is shown of a priority level. */
export interface LevelCells {
  readonly nominal: Cell
  readonly lower: Cell
  readonly upper: Cell
  readonly current: Cell
  readonly target: Cell
  readonly highest: Cell
  readonly average: Cell
  readonly deviation: Cell
  readonly smoothed: Cell
}

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#metrics */
export class FlowMetrics {
  readonly fairFraction: Cell
  readonly #flow: { readonly [name in 'dispatched' | 'inQueue' | 'seatsInQueue' | 'executing' | 'seatsInUse']: ByFlow }
  readonly #queueLength: HistogramMetric<readonly ['priority_level', 'flow_schema']>
  readonly #estimatedSeats: HistogramMetric<readonly ['priority_level', 'flow_schema']>
  readonly #waited: HistogramMetric<['priority_level', 'flow_schema', 'execute']>
  readonly #execution: HistogramMetric<['flow_schema', 'priority_level', 'type']>
  readonly #rejected: ValueMetric<['flow_schema', 'priority_level', 'reason']>
  readonly #level: { readonly [name in keyof LevelCells]: ValueMetric<['priority_level']> }
  readonly #noAccommodation: ByFlow

  constructor(registry: MetricsRegistry) {
    const name = (rest: string) => `apiserver_flowcontrol_${rest}`
    const flow = ['priority_level', 'flow_schema'] as const
    const gauge = (rest: string, help: string, stability: 'ALPHA' | 'BETA' = 'ALPHA') =>
      registry.gauge({ name: name(rest), help, labels: flow, stability })
    this.#flow = {
      dispatched: registry.counter({
        name: name('dispatched_requests_total'),
        help: 'Number of requests executed by API Priority and Fairness subsystem',
        labels: flow,
        stability: 'BETA',
      }),
      inQueue: gauge(
        'current_inqueue_requests',
        'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
        'BETA',
      ),
      seatsInQueue: gauge(
        'current_inqueue_seats',
        'Number of seats currently pending in queues of the API Priority and Fairness subsystem',
      ),
      executing: gauge(
        'current_executing_requests',
        'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage',
        'BETA',
      ),
      seatsInUse: gauge(
        'current_executing_seats',
        'Concurrency (number of seats) occupied by executing requests',
        'BETA',
      ),
    }
    this.#queueLength = registry.histogram(
      {
        name: name('request_queue_length_after_enqueue'),
        help: 'Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued',
        labels: flow,
      },
      lengthBounds,
    )
    this.#estimatedSeats = registry.histogram(
      {
        name: name('work_estimated_seats'),
        help: 'Number of estimated seats (maximum of initial and final seats) associated with requests',
        labels: flow,
      },
      seatBounds,
    )
    this.#waited = registry.histogram(
      {
        name: name('request_wait_duration_seconds'),
        help: 'Length of time a request spent waiting in its queue',
        labels: ['priority_level', 'flow_schema', 'execute'],
        stability: 'BETA',
      },
      waitBounds,
    )
    this.#execution = registry.histogram(
      {
        name: name('request_execution_seconds'),
        help: 'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution',
        labels: ['flow_schema', 'priority_level', 'type'],
      },
      executionBounds,
    )
    this.#rejected = registry.counter({
      name: name('rejected_requests_total'),
      help: 'Number of requests rejected by API Priority and Fairness subsystem',
      labels: ['flow_schema', 'priority_level', 'reason'],
      stability: 'BETA',
    })
    const level = (rest: string, help: string, stability: 'ALPHA' | 'BETA' = 'ALPHA') =>
      registry.gauge({ name: name(rest), help, labels: ['priority_level'], stability })
    this.#level = {
      nominal: level(
        'nominal_limit_seats',
        'Nominal number of execution seats configured for each priority level',
        'BETA',
      ),
      lower: level(
        'lower_limit_seats',
        'Configured lower bound on number of execution seats available to each priority level',
      ),
      upper: level(
        'upper_limit_seats',
        'Configured upper bound on number of execution seats available to each priority level',
      ),
      current: level(
        'current_limit_seats',
        'current derived number of execution seats available to each priority level',
      ),
      target: level('target_seats', 'Seat allocation targets'),
      highest: level('demand_seats_high_watermark', 'High watermark, over last adjustment period, of demand_seats'),
      average: level('demand_seats_average', 'Time-weighted average, over last adjustment period, of demand_seats'),
      deviation: level(
        'demand_seats_stdev',
        'Time-weighted standard deviation, over last adjustment period, of demand_seats',
      ),
      smoothed: level('demand_seats_smoothed', 'Smoothed seat demands'),
    }
    this.#noAccommodation = registry.counter({
      name: name('request_dispatch_no_accommodation_total'),
      help: 'Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats',
      labels: flow,
    })
    this.fairFraction = registry
      .gauge({
        name: name('seat_fair_frac'),
        help: "Fair fraction of server's concurrency to allocate to each priority level that can use it",
      })
      .with()
  }

  flow(level: string, schema: string): FlowCells {
    const { dispatched, inQueue, seatsInQueue, executing, seatsInUse } = this.#flow
    return {
      dispatched: dispatched.with(level, schema),
      inQueue: inQueue.with(level, schema),
      seatsInQueue: seatsInQueue.with(level, schema),
      executing: executing.with(level, schema),
      seatsInUse: seatsInUse.with(level, schema),
      waited: this.#waited.with(level, schema, 'true'),
      waitedInVain: this.#waited.with(level, schema, 'false'),
      execution: this.#execution.with(schema, level, 'regular'),
      queueLength: this.#queueLength.with(level, schema),
      estimatedSeats: this.#estimatedSeats.with(level, schema),
      noAccommodation: this.#noAccommodation.with(level, schema),
      rejected: reason => this.#rejected.with(schema, level, reason),
    }
  }

  level(name: string): LevelCells {
    const { nominal, lower, upper, current, target, highest, average, deviation, smoothed } = this.#level
    return {
      nominal: nominal.with(name),
      lower: lower.with(name),
      upper: upper.with(name),
      current: current.with(name),
      target: target.with(name),
      highest: highest.with(name),
      average: average.with(name),
      deviation: deviation.with(name),
      smoothed: smoothed.with(name),
    }
  }
}

type ByFlow = ValueMetric<readonly ['priority_level', 'flow_schema']>
