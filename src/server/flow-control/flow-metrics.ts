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
        help: 'Requests that were let through to be answered.',
        labels: flow,
        stability: 'BETA',
      }),
      inQueue: gauge('current_inqueue_requests', 'Requests that wait in queues.', 'BETA'),
      seatsInQueue: gauge('current_inqueue_seats', 'Seats that requests in queues wait for.'),
      executing: gauge(
        'current_executing_requests',
        'Requests that have seats; of watches, those that are beginning.',
        'BETA',
      ),
      seatsInUse: gauge('current_executing_seats', 'Seats that are taken.', 'BETA'),
    }
    this.#queueLength = registry.histogram(
      {
        name: name('request_queue_length_after_enqueue'),
        help: 'How long queues are when a request has joined them.',
        labels: flow,
      },
      lengthBounds,
    )
    this.#estimatedSeats = registry.histogram(
      {
        name: name('work_estimated_seats'),
        help: 'Seats that requests are reckoned to need.',
        labels: flow,
      },
      seatBounds,
    )
    this.#waited = registry.histogram(
      {
        name: name('request_wait_duration_seconds'),
        help: 'Seconds that requests wait in their queue.',
        labels: ['priority_level', 'flow_schema', 'execute'],
        stability: 'BETA',
      },
      waitBounds,
    )
    this.#execution = registry.histogram(
      {
        name: name('request_execution_seconds'),
        help: 'Seconds that requests keep their seats.',
        labels: ['flow_schema', 'priority_level', 'type'],
      },
      executionBounds,
    )
    this.#rejected = registry.counter({
      name: name('rejected_requests_total'),
      help: 'Requests that were turned away, by why.',
      labels: ['flow_schema', 'priority_level', 'reason'],
      stability: 'BETA',
    })
    const level = (rest: string, help: string, stability: 'ALPHA' | 'BETA' = 'ALPHA') =>
      registry.gauge({ name: name(rest), help, labels: ['priority_level'], stability })
    this.#level = {
      nominal: level('nominal_limit_seats', 'Seats that a priority level has by its share.', 'BETA'),
      lower: level('lower_limit_seats', 'Seats that a priority level keeps whatever it lends.'),
      upper: level('upper_limit_seats', 'Seats that a priority level may have with all it borrows.'),
      current: level(
        'current_limit_seats',
        'current derived number of execution seats available to each priority level',
      ),
      target: level('target_seats', 'Seat allocation targets'),
      highest: level('demand_seats_high_watermark', 'Most seats asked for in the last period.'),
      average: level('demand_seats_average', 'Seats asked for in the last period, on average over its time.'),
      deviation: level('demand_seats_stdev', 'How far the seats asked for in the last period were from their average.'),
      smoothed: level('demand_seats_smoothed', 'Smoothed seat demands'),
    }
    this.#noAccommodation = registry.counter({
      name: name('request_dispatch_no_accommodation_total'),
      help: 'Times that a request whose turn it was found too few free seats.',
      labels: flow,
    })
    this.fairFraction = registry
      .gauge({
        name: name('seat_fair_frac'),
        help: 'Share of the seats that each priority level gets that can use more.',
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
