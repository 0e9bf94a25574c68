import { Lease, type LeaseSpec } from '../api/coordination/v1/index.js'
import { type Clock, rfc3339Micro, sleep, systemClock } from '../machinery/clock.js'
import { isAlreadyExists, isConflict, isNotFound } from '../machinery/status-error.js'
import type { Client } from './client.js'
import type { EventRecorder } from './events.js'

export interface LeaderElectionOptions {
  readonly client: Client
  /** The lease that is fought for. */
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Who we are; no two candidates may have the same. */
  readonly identity: string
  /** Others wait this long, in ms, after the last renewal they saw; 15 s by default. */
  readonly leaseDuration?: number
  /** A leader that cannot renew for so many ms steps down; 10 s by default. Must be less than `leaseDuration`. */
  readonly renewDeadline?: number
  /** Between tries, in ms; 2 s by default. */
  readonly retryPeriod?: number
  readonly clock?: Clock
  readonly random?: () => number
  /** Hears of every new leader. */
  readonly onLeader?: (identity: string) => void
  readonly onError?: (error: unknown) => void
  /** Told, as events of the lease, when we begin to lead and when we stop. */
  readonly events?: EventRecorder
}

export interface LeaderElection extends AsyncDisposable {
  readonly leading: boolean
  /** It leads though its lease ran out long ago: something is wrong with the process. */
  readonly overdue: boolean
}

/** So long after the end of its lease, in ms, a leader is overdue. */
const tolerance = 20_000

/** Begins the leader's work; what it returns is disposed of when the leadership is lost or given up. */
export type LeaderWork = () => AsyncDisposable | Promise<AsyncDisposable>

/**
 * Does the work in one process at a time, whoever holds the lease:
 * https://kubernetes.io/docs/concepts/architecture/leases/#leader-election. A leader that loses the lease ends its work
 * and stands for election again. Disposing ends the work first, then gives the lease back, so that the next one need
 * not wait for it to run out.
 */
export function electLeader(options: LeaderElectionOptions, work: LeaderWork): LeaderElection {
  const candidate = new Candidate(options, work)
  const running = candidate.run()
  return {
    get leading() {
      return candidate.leading
    },
    get overdue() {
      return candidate.overdue
    },
    async [Symbol.asyncDispose]() {
      candidate.stop()
      await running
    },
  }
}

/** What somebody sees of a lease: times in it are its writer's, so only that it changed, and when we saw that, counts. */
export interface ObservedLease {
  readonly spec: LeaseSpec
  /** On our own clock. */
  readonly at: number
}

/** The lease is another's, and not over yet. */
export function heldByOther({ spec, at }: ObservedLease, identity: string, now: number): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 0 } = spec
  return holderIdentity !== '' && holderIdentity !== identity && now < at + leaseDurationSeconds * 1000
}

/** The lease as the candidate writes it to take or to keep it. */
export function claimed(old: LeaseSpec, identity: string, leaseDuration: number, now: number): LeaseSpec {
  const keeps = old.holderIdentity === identity
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDuration / 1000),
    acquireTime: (keeps ? old.acquireTime : undefined) ?? rfc3339Micro(now),
    renewTime: rfc3339Micro(now),
    leaseTransitions: (old.leaseTransitions ?? 0) + (keeps || old.holderIdentity === undefined ? 0 : 1),
  }
}

class Candidate {
  leading = false
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  readonly #leaseDuration: number
  readonly #renewDeadline: number
  readonly #retryPeriod: number
  readonly #random: () => number
  readonly #onError: (error: unknown) => void
  #observed: ObservedLease | undefined
  #lease: Lease | undefined
  #leader: string | undefined

  constructor(
    readonly options: LeaderElectionOptions,
    readonly work: LeaderWork,
  ) {
    this.#clock = options.clock ?? systemClock
    this.#leaseDuration = options.leaseDuration ?? 15_000
    this.#renewDeadline = options.renewDeadline ?? 10_000
    this.#retryPeriod = options.retryPeriod ?? 2_000
    this.#random = options.random ?? Math.random
    this.#onError = options.onError ?? (() => {})
  }

  get overdue(): boolean {
    const { at } = this.#observed ?? {}
    return this.leading && at !== undefined && this.#clock.now() > at + this.#leaseDuration + tolerance
  }

  stop(): void {
    this.#stopping.abort()
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      if (await this.#tryClaim()) await this.#lead()
      else await this.#pause(this.#retryPeriod * (1 + this.#random() / 5))
    }
  }

  async #lead(): Promise<void> {
    const { signal } = this.#stopping
    this.leading = true
    this.#tell('became leader')
    let work: AsyncDisposable | undefined
    try {
      // Work may take its time to begin; the lease must be kept meanwhile.
      const beginning = (async () => {
        work = await this.work()
      })()
      let failed = false
      beginning.catch(error => {
        failed = true
        this.#onError(error)
      })
      let renewed = this.#clock.now()
      while (!signal.aborted && !failed) {
        await this.#pause(this.#retryPeriod)
        if (signal.aborted) break
        if (await this.#tryClaim()) renewed = this.#clock.now()
        else if (this.#lost() || this.#clock.now() - renewed >= this.#renewDeadline) break
      }
      await beginning.catch(() => {})
    } finally {
      this.leading = false
      this.#tell('stopped leading')
      try {
        await work?.[Symbol.asyncDispose]()
      } catch (error) {
        this.#onError(error)
      }
      await this.#release()
    }
  }

  /** Somebody else has it, by what we saw last. */
  #lost(): boolean {
    const holder = this.#observed?.spec.holderIdentity
    return holder !== undefined && holder !== '' && holder !== this.options.identity
  }

  /** Takes or renews the lease; false if it is another's or cannot be had now. */
  async #tryClaim(): Promise<boolean> {
    const { client, lease, identity } = this.options
    const over = new AbortController()
    const end = () => over.abort()
    const timer = this.#clock.after(this.#renewDeadline, end)
    this.#stopping.signal.addEventListener('abort', end, { once: true })
    const { signal } = over
    try {
      let found: Lease
      try {
        found = await client.get(Lease, lease, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
        const spec = claimed({}, identity, this.#leaseDuration, this.#clock.now())
        this.#observe(await client.create(Lease, { metadata: lease, spec }, { signal }))
        return true
      }
      this.#observe(found)
      const now = this.#clock.now()
      if (this.#observed && heldByOther(this.#observed, identity, now)) return false
      const spec = claimed(found.spec, identity, this.#leaseDuration, now)
      this.#observe(await client.update(Lease, { ...found, spec }, { signal }))
      return true
    } catch (error) {
      // Another candidate was faster, which is how it should be.
      if (!isConflict(error) && !isAlreadyExists(error) && !this.#stopping.signal.aborted) this.#onError(error)
      return false
    } finally {
      timer[Symbol.dispose]()
      this.#stopping.signal.removeEventListener('abort', end)
    }
  }

  #tell(what: string): void {
    const { events, identity } = this.options
    if (this.#lease) events?.record(this.#lease, 'Normal', 'LeaderElection', `${identity} ${what}`)
  }

  #observe(lease: Lease): void {
    this.#lease = lease
    const { spec } = lease
    const known = this.#observed?.spec
    if (
      !known ||
      known.holderIdentity !== spec.holderIdentity ||
      known.renewTime !== spec.renewTime ||
      known.leaseTransitions !== spec.leaseTransitions
    )
      this.#observed = { spec, at: this.#clock.now() }
    const { holderIdentity } = spec
    if (!holderIdentity || holderIdentity === this.#leader) return
    this.#leader = holderIdentity
    this.options.onLeader?.(holderIdentity)
  }

  /** Gives the lease back, if it is ours. */
  async #release(): Promise<void> {
    const { client, lease, identity } = this.options
    try {
      const found = await client.get(Lease, lease)
      if (found.spec.holderIdentity !== identity) return
      const now = rfc3339Micro(this.#clock.now())
      await client.update(Lease, {
        ...found,
        spec: {
          holderIdentity: '',
          leaseDurationSeconds: 1,
          renewTime: now,
          acquireTime: now,
          leaseTransitions: found.spec.leaseTransitions ?? 0,
        },
      })
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) this.#onError(error)
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(this.#clock, ms, this.#stopping.signal).catch(() => {})
  }
}
