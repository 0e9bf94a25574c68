import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import type { RequestInfo } from '../request-info.js'
import type { FlowCells, RejectionReason } from './flow-metrics.js'
import { DemandIntegrator } from './seat-demand.js'
import { dealHand, flowHash } from './shuffle-sharding.js'
import type { Work } from './work-estimate.js'

/** How requests wait at a priority level. */
export interface Queuing {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

/** Requests of one flow schema, on their way to one priority level. */
export interface Flow {
  readonly schema: string
  readonly cells: FlowCells
  /** Queues by distinguisher, as they were dealt. */
  readonly hands: Map<string, readonly number[]>
}

/** Sent away: there was no seat, and no place or no time to wait for one. */
export class Rejected extends Error {
  constructor(readonly reason: RejectionReason) {
    super(reason)
  }
}

class Queue {
  readonly waiting: Ticket[] = []
  executing = 0
  seatsInUse = 0
  seatsWaiting = 0
  /** When its next request would begin, in virtual time. */
  nextStart = 0

  constructor(readonly index: number) {}

  get active(): boolean {
    return this.executing > 0 || this.waiting.length > 0
  }
}

/** A request at a priority level, from its arrival until it gives its seats back. */
export class Ticket {
  started = 0
  /** Called when it may begin, or is sent away. */
  settle: ((rejected?: RejectionReason) => void) | undefined

  constructor(
    readonly flow: Flow,
    readonly distinguisher: string,
    readonly work: Work,
    readonly queue: Queue | undefined,
    readonly arrived: number,
    readonly info: RequestInfo,
    readonly user: UserInfo,
  ) {}

  get seats(): number {
    return Math.max(this.work.seats, this.work.finalSeats)
  }
}

/** How long a request is taken to need a seat before it is known, in milliseconds. */
const expectedMs = 3
/** Hands remembered for a flow schema. */
const maximumHands = 4096
/** Without queues a request is served at once or not at all. */
const noQueuing: Queuing = { queues: 1, handSize: 1, queueLengthLimit: 0 }

/**
 * The seats of a priority level, and its queues. Each flow waits in one of the few queues it was dealt; queues take
 * turns by the work they have had, so that no flow gets more than its share while others wait: fair queuing, in virtual
 * time that passes at the speed at which each queue is served.
 */
export class PriorityLevel {
  readonly demand: DemandIntegrator
  readonly executing = new Set<Ticket>()
  readonly counts = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 }
  seatsInUse = 0
  waitingCount = 0
  #queues: Queue[] = []
  #queuing: Queuing = noQueuing
  #rejects = true
  #active = 0
  #seatsWaiting = 0
  /** Virtual time, in seat-milliseconds a queue, and when it was that in real time. */
  #virtual = 0
  #at: number
  #lastServed = 0
  #seatLimit = Number.POSITIVE_INFINITY

  /** `patienceMs` is the longest a request waits. */
  constructor(
    readonly name: string,
    private readonly clock: Clock,
    private readonly patienceMs: number,
  ) {
    this.#at = clock.now()
    this.demand = new DemandIntegrator(this.#at)
    this.configure(undefined)
  }

  /** How requests wait; without queues they do not. Those that wait already go on waiting. */
  configure(queuing: Queuing | undefined): void {
    this.#rejects = queuing === undefined
    const { queues } = (this.#queuing = queuing ?? noQueuing)
    const surplus = this.#queues.slice(queues)
    this.#queues = Array.from({ length: queues }, (_, i) => this.#queues[i] ?? new Queue(i))
    // Waiting requests of a queue that is no more are kept in line somewhere else.
    for (const queue of surplus)
      for (const ticket of queue.waiting.splice(0)) {
        const other = this.#queues[queue.index % queues] as Queue
        this.#leave(queue, ticket)
        this.#enter(other, Object.assign(ticket, { queue: other }))
      }
  }

  /** Seats that may be in use at a time. */
  get seatLimit(): number {
    return this.#seatLimit
  }

  set seatLimit(limit: number) {
    this.#advance(this.clock.now())
    this.#seatLimit = limit
    this.#dispatch()
  }

  get idle(): boolean {
    return this.executing.size === 0 && this.waitingCount === 0
  }

  get activeQueues(): number {
    return this.#active
  }

  /** The queues as they are, for a look from outside. */
  get queues(): readonly Pick<
    Queue,
    'index' | 'waiting' | 'executing' | 'seatsInUse' | 'seatsWaiting' | 'nextStart'
  >[] {
    return this.#queues
  }

  /**
   * Takes a request in: a ticket at once if there are seats, otherwise when its turn comes. Throws or rejects with
   * `Rejected`. Whoever gets a ticket gives it back with `end`. `signal` is asked for only if the request has to wait.
   */
  begin(
    flow: Flow,
    distinguisher: string,
    work: Work,
    who: { readonly info: RequestInfo; readonly user: UserInfo },
    signal: () => AbortSignal,
  ): Ticket | Promise<Ticket> {
    const now = this.clock.now()
    this.#advance(now)
    const queue = this.#queueOf(flow, distinguisher)
    const ticket = new Ticket(flow, distinguisher, work, queue, now, who.info, who.user)
    flow.cells.estimatedSeats.observe(ticket.seats)
    this.demand.add(ticket.seats, now)
    if (this.waitingCount === 0 && this.#accommodates(ticket.seats)) {
      flow.cells.waited.observe(0)
      this.#start(queue, ticket, now)
      return ticket
    }
    if (queue.waiting.length >= this.#queuing.queueLengthLimit) {
      this.counts.rejected++
      this.#drop(ticket, this.#rejects ? 'concurrency-limit' : 'queue-full', now)
    }
    return this.#wait(queue, ticket, signal())
  }

  /** Gives the seats of a request back. What its effects occupy on, they keep a little longer. */
  end(ticket: Ticket): void {
    const now = this.clock.now()
    this.#advance(now)
    const { work, flow, queue } = ticket
    flow.cells.execution.observe((now - ticket.started) / 1000)
    this.executing.delete(ticket)
    flow.cells.executing.add(-1)
    if (queue) {
      queue.executing--
      // What it was charged in advance is put right.
      queue.nextStart += (now - ticket.started) * work.seats - expectedMs * work.seats
      if (!queue.active) this.#active--
    }
    if (work.finalSeats > 0 && work.extraMs > 0) {
      this.#free(ticket, ticket.seats - work.finalSeats, now)
      this.clock.after(work.extraMs, () => {
        const later = this.clock.now()
        this.#advance(later)
        this.#free(ticket, work.finalSeats, later)
        this.#dispatch()
      })
    } else this.#free(ticket, ticket.seats, now)
    if (this.waitingCount > 0) this.#dispatch()
  }

  #free({ queue, flow }: Ticket, seats: number, now: number): void {
    this.seatsInUse -= seats
    if (queue) queue.seatsInUse -= seats
    flow.cells.seatsInUse.add(-seats)
    this.demand.add(-seats, now)
  }

  /** The least busy queue of the flow's hand. */
  #queueOf(flow: Flow, distinguisher: string): Queue {
    if (this.#queues.length === 1) return this.#queues[0] as Queue
    let hand = flow.hands.get(distinguisher)
    if (!hand) {
      if (flow.hands.size >= maximumHands) flow.hands.clear()
      hand = dealHand(flowHash(flow.schema, distinguisher), this.#queuing.queues, this.#queuing.handSize)
      flow.hands.set(distinguisher, hand)
    }
    let best = this.#queues[hand[0] as number] as Queue
    for (let i = 1; i < hand.length; i++) {
      const queue = this.#queues[hand[i] as number] as Queue
      if (queue.seatsWaiting + queue.seatsInUse < best.seatsWaiting + best.seatsInUse) best = queue
    }
    return best
  }

  /** A request that needs more seats than there are gets them all. */
  #accommodates(seats: number): boolean {
    return seats > this.#seatLimit ? this.seatsInUse === 0 : this.seatsInUse + seats <= this.#seatLimit
  }

  #advance(now: number): void {
    const passed = now - this.#at
    if (passed <= 0) return
    this.#at = now
    if (this.#active > 0)
      this.#virtual += (passed * Math.min(this.#seatLimit, this.seatsInUse + this.#seatsWaiting)) / this.#active
  }

  #activate(queue: Queue): void {
    if (queue.active) return
    queue.nextStart = this.#virtual
    this.#active++
  }

  #start(queue: Queue, ticket: Ticket, now: number): void {
    const { flow, seats, work } = ticket
    this.#activate(queue)
    ticket.started = now
    this.executing.add(ticket)
    queue.executing++
    queue.seatsInUse += seats
    queue.nextStart += expectedMs * work.seats + work.finalSeats * work.extraMs
    this.seatsInUse += seats
    this.counts.dispatched++
    flow.cells.dispatched.add()
    flow.cells.executing.add()
    flow.cells.seatsInUse.add(seats)
  }

  #enter(queue: Queue, ticket: Ticket): void {
    this.#activate(queue)
    queue.waiting.push(ticket)
    queue.seatsWaiting += ticket.seats
    this.#seatsWaiting += ticket.seats
    this.waitingCount++
    ticket.flow.cells.inQueue.add()
    ticket.flow.cells.seatsInQueue.add(ticket.seats)
  }

  /** After it was taken out of the queue. */
  #leave(queue: Queue, ticket: Ticket): void {
    queue.seatsWaiting -= ticket.seats
    this.#seatsWaiting -= ticket.seats
    this.waitingCount--
    if (!queue.active) this.#active--
    ticket.flow.cells.inQueue.add(-1)
    ticket.flow.cells.seatsInQueue.add(-ticket.seats)
  }

  #wait(queue: Queue, ticket: Ticket, signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      const settled = () => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', cancel)
        ticket.settle = undefined
      }
      const giveUp = (reason: RejectionReason) => {
        settled()
        const now = this.clock.now()
        this.#advance(now)
        const at = ticket.queue ?? queue
        at.waiting.splice(at.waiting.indexOf(ticket), 1)
        this.#leave(at, ticket)
        this.counts[reason === 'time-out' ? 'timedOut' : 'cancelled']++
        try {
          this.#drop(ticket, reason, now)
        } catch (error) {
          reject(error)
        }
        // It may have kept smaller ones behind it from being served.
        this.#dispatch()
      }
      const cancel = () => giveUp('cancelled')
      const timer = this.clock.after(this.patienceMs, () => giveUp('time-out'))
      ticket.settle = () => {
        settled()
        resolve(ticket)
      }
      this.#enter(queue, ticket)
      ticket.flow.cells.queueLength.observe(queue.waiting.length)
      if (signal.aborted) return cancel()
      signal.addEventListener('abort', cancel, { once: true })
      this.#dispatch()
    })
  }

  #drop(ticket: Ticket, reason: RejectionReason, now: number): never {
    this.demand.add(-ticket.seats, now)
    ticket.flow.cells.rejected(reason).add()
    ticket.flow.cells.waitedInVain.observe((now - ticket.arrived) / 1000)
    throw new Rejected(reason)
  }

  /** Lets waiting requests begin while there are seats: always the one that would be done first in virtual time. */
  #dispatch(): void {
    while (this.waitingCount > 0) {
      const queue = this.#next()
      const ticket = queue?.waiting[0]
      if (!queue || !ticket) return
      if (!this.#accommodates(ticket.seats)) {
        ticket.flow.cells.noAccommodation.add()
        return
      }
      const now = this.clock.now()
      this.#lastServed = queue.index
      // Started before it leaves the line, so that the queue stays active.
      this.#start(queue, ticket, now)
      queue.waiting.shift()
      this.#leave(queue, ticket)
      ticket.flow.cells.waited.observe((now - ticket.arrived) / 1000)
      ticket.settle?.()
    }
  }

  #next(): Queue | undefined {
    let best: Queue | undefined
    let bestEnd = Number.POSITIVE_INFINITY
    const count = this.#queues.length
    for (let i = 1; i <= count; i++) {
      const queue = this.#queues[(this.#lastServed + i) % count] as Queue
      const first = queue.waiting[0]
      if (!first) continue
      const end = queue.nextStart + expectedMs * first.work.seats + first.work.finalSeats * first.work.extraMs
      if (end < bestEnd) {
        best = queue
        bestEnd = end
      }
    }
    return best
  }
}
