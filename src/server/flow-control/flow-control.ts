import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import type { FlowNames } from '../pipeline.js'
import type { RequestInfo } from '../request-info.js'
import { divideFairly, type SeatLimits, type Shares, seatLimits } from './concurrency-shares.js'
import { defaultFlowSchemas, defaultPriorityLevels } from './default-flow-objects.js'
import type { FlowMetrics, LevelCells } from './flow-metrics.js'
import { byPrecedence, type FlowTest, flowTest } from './flow-rules.js'
import { type Flow, PriorityLevel, type Queuing } from './priority-level.js'
import { noDemand, type SmoothedDemand, smoothDemand } from './seat-demand.js'
import { maximumSeats } from './work-estimate.js'

export interface FlowControlOptions {
  readonly clock: Clock
  /** Seats of the whole server. */
  readonly seats: number
  /** The longest a request waits, in milliseconds. */
  readonly patienceMs: number
  readonly metrics: FlowMetrics
}

/** Where a request belongs. */
export interface Assignment extends Flow {
  readonly level: Level
  readonly names: FlowNames
  distinguisher(info: RequestInfo, user: UserInfo): string
}

interface Schema extends Assignment {
  readonly matches: FlowTest
}

/** A priority level with what is configured and what it has borrowed. */
export interface Level {
  readonly seats: PriorityLevel
  /** Exempt requests are served at once, but counted: others lend and borrow by what is used. */
  readonly exempt: boolean
  readonly limits: SeatLimits
  /** The most seats for one request. */
  readonly maximumSeats: number
  /** Its configuration is gone; it lives until its last request does. */
  readonly quiescing: boolean
}

interface LevelState extends Level {
  exempt: boolean
  limits: SeatLimits
  maximumSeats: number
  quiescing: boolean
  demand: SmoothedDemand
  queuing: string
  readonly cells: LevelCells
}

const noLimits: SeatLimits = { nominal: 0, minimum: 0, maximum: 0 }

/**
 * Sorts requests into flows and levels, as flow schemas and priority levels say, and lends the seats that a level does
 * not need to those that do: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export class FlowControl {
  readonly #levels = new Map<string, LevelState>()
  #schemas: readonly Schema[] = []
  #seatSum = 0

  constructor(private readonly options: FlowControlOptions) {
    this.configure([], [])
  }

  get levels(): Iterable<Level> {
    return this.#levels.values()
  }

  /** Where a request belongs: the first schema that matches it. Who matches none, as may be, goes to the last. */
  assign(info: RequestInfo, user: UserInfo): Assignment {
    const schemas = this.#schemas
    for (const schema of schemas) if (schema.matches(info, user)) return schema
    return schemas[schemas.length - 1] as Schema
  }

  /** Takes what is configured. What is mandatory is there even if nobody has configured it. */
  configure(schemas: readonly FlowSchema[], levels: readonly PriorityLevelConfiguration[]): void {
    const configured = new Map(levels.map(level => [level.metadata.name ?? '', level]))
    for (const { name, spec, mandatory } of defaultPriorityLevels)
      if (mandatory && !configured.has(name)) configured.set(name, { metadata: { name }, spec, status: {} })
    this.#configureLevels(configured)
    const known = schemas.filter(({ spec }) => configured.has(spec.priorityLevelConfiguration.name))
    const names = new Set(known.map(({ metadata }) => metadata.name))
    const missing = defaultFlowSchemas
      .filter(({ name, mandatory }) => mandatory && !names.has(name))
      .map(({ name, spec }): FlowSchema => ({ metadata: { name }, spec, status: {} }))
    const former = new Map(this.#schemas.map(schema => [schema.schema, schema]))
    this.#schemas = [...known, ...missing].sort(byPrecedence).map(schema => {
      const level = schema.spec.priorityLevelConfiguration.name
      return this.#schema(
        schema,
        level,
        configured.get(level)?.metadata.uid ?? '',
        former.get(schema.metadata.name ?? ''),
      )
    })
  }

  /** Divides the seats anew, by what each level has needed lately. To be called every ten seconds. */
  lend(): void {
    const now = this.options.clock.now()
    const states = [...this.#levels.values()]
    const claims = states.map(state => {
      state.demand = smoothDemand(state.demand, state.seats.demand.takePeriod(now))
      const { nominal, minimum, maximum } = state.limits
      const lower = Math.max(minimum, Math.min(nominal, Math.round(state.demand.highest)))
      return { lower, upper: maximum, target: Math.max(lower, state.demand.smoothed) }
    })
    const { amounts, fairFraction } = divideFairly(this.#seatSum, claims)
    this.options.metrics.fairFraction.set(fairFraction)
    for (const [i, { seats, cells, demand, exempt }] of states.entries()) {
      const limit = Math.round(amounts[i] ?? 0)
      cells.highest.set(demand.highest)
      cells.average.set(demand.average)
      cells.deviation.set(demand.deviation)
      cells.smoothed.set(demand.smoothed)
      cells.target.set(claims[i]?.target ?? 0)
      cells.current.set(limit)
      if (!exempt) seats.seatLimit = limit
    }
    this.#forgetQuiet()
  }

  #configureLevels(configured: ReadonlyMap<string, PriorityLevelConfiguration>): void {
    const { clock, patienceMs, metrics, seats: serverSeats } = this.options
    const shares = new Map([...configured].map(([name, level]) => [name, sharesOf(level)]))
    const limits = seatLimits(serverSeats, shares)
    this.#seatSum = 0
    for (const [name, { spec }] of configured) {
      const limit = limits.get(name) ?? noLimits
      this.#seatSum += limit.nominal
      const exempt = spec.type === 'Exempt'
      const queuing = queuingOf(spec.limited?.limitResponse)
      let state = this.#levels.get(name)
      const fresh = !state
      if (!state) {
        state = {
          seats: new PriorityLevel(name, clock, patienceMs),
          cells: metrics.level(name),
          exempt,
          limits: limit,
          maximumSeats: 1,
          quiescing: false,
          demand: noDemand,
          queuing: '',
        }
        this.#levels.set(name, state)
      }
      const changed = JSON.stringify(state.limits) !== JSON.stringify(limit)
      const text = JSON.stringify(queuing ?? null)
      if (state.queuing !== text) state.seats.configure(queuing)
      Object.assign(state, {
        exempt,
        limits: limit,
        maximumSeats: maximumSeats(limit.nominal, queuing?.handSize),
        quiescing: false,
        queuing: text,
      })
      const { cells } = state
      cells.nominal.set(limit.nominal)
      cells.lower.set(limit.minimum)
      cells.upper.set(limit.maximum)
      // Half of what may be lent is, until demand is known.
      if (exempt) state.seats.seatLimit = Number.POSITIVE_INFINITY
      else if (fresh || changed) state.seats.seatLimit = limit.nominal - Math.floor((limit.nominal - limit.minimum) / 2)
      if (fresh || changed) cells.current.set(Math.min(state.seats.seatLimit, limit.nominal))
    }
    for (const [name, state] of this.#levels)
      if (!configured.has(name)) Object.assign(state, { quiescing: true, limits: noLimits })
    this.#forgetQuiet()
  }

  #forgetQuiet(): void {
    for (const [name, { quiescing, seats }] of this.#levels) if (quiescing && seats.idle) this.#levels.delete(name)
  }

  #schema({ metadata, spec }: FlowSchema, levelName: string, levelUid: string, former: Schema | undefined): Schema {
    const name = metadata.name ?? ''
    const level = this.#levels.get(levelName)
    if (!level) throw new Error(`there is no priority level ${levelName}`)
    return {
      schema: name,
      level,
      cells: former?.level === level ? former.cells : this.options.metrics.flow(levelName, name),
      hands: new Map(),
      matches: flowTest(spec.rules),
      names: { schemaUid: metadata.uid ?? '', levelUid },
      distinguisher: distinguishers[spec.distinguisherMethod?.type ?? ''] ?? sameForAll,
    }
  }
}

const sameForAll = () => ''

const distinguishers: { readonly [method: string]: (info: RequestInfo, user: UserInfo) => string } = {
  ByUser: (_info, { name }) => name,
  ByNamespace: ({ resource }) => resource?.namespace ?? '',
}

function sharesOf({ spec: { limited, exempt } }: PriorityLevelConfiguration): Shares {
  return {
    nominalShares:
      (limited ? limited.nominalConcurrencyShares : exempt?.nominalConcurrencyShares) ?? (limited ? 30 : 0),
    lendablePercent: (limited ?? exempt)?.lendablePercent ?? 0,
    borrowingLimitPercent: limited?.borrowingLimitPercent,
  }
}

function queuingOf(
  response: { readonly type: string; readonly queuing?: Queuing | undefined } | undefined,
): Queuing | undefined {
  return response?.type === 'Queue' ? response.queuing : undefined
}
