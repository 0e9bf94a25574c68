import type { Probe } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { ProbeOutcome } from '../pod-actions.js'
import type { CheckResult } from './check-result.js'
import { noTally, type ProbeTally, tally } from './probe-tally.js'

export type ProbeType = 'startup' | 'liveness' | 'readiness'

export interface ContainerProberOptions {
  readonly probes: { readonly [type in ProbeType]?: Probe }
  /** When the container started, in milliseconds since the epoch. */
  readonly startedAt: number
  /** What an earlier agent had found out. */
  readonly initial: ProbeOutcome
  /** From 0 to 1: which part of a period to wait first if the container has been running for long. */
  readonly spread: number
  readonly clock: Clock
  /** Runs a probe once. Never throws. */
  readonly check: (type: ProbeType, probe: Probe) => Promise<CheckResult>
  /** A result that did not succeed, or not as it should. */
  readonly complain: (type: ProbeType, result: CheckResult) => void
  /** `outcome` is another one. */
  readonly changed: () => void
}

const attempts = 3

/** Runs the probes of one container, each in its period, from its start until it is disposed of. */
export class ContainerProber implements Disposable {
  readonly #options: ContainerProberOptions
  readonly #timers = new Map<ProbeType, Disposable>()
  readonly #tallies = new Map<ProbeType, ProbeTally>()
  #outcome: ProbeOutcome
  #stopped = new Set<ProbeType>()

  constructor(options: ContainerProberOptions) {
    this.#options = options
    this.#outcome = options.initial
    if (options.probes.startup && options.initial.startup !== 'success') this.#begin('startup')
    else this.#beginRegular()
  }

  get outcome(): ProbeOutcome {
    return this.#outcome
  }

  /** The container is to end: only its readiness still matters. */
  stopKilling(): void {
    this.#stop('startup')
    this.#stop('liveness')
  }

  [Symbol.dispose](): void {
    for (const type of ['startup', 'liveness', 'readiness'] as const) this.#stop(type)
  }

  #stop(type: ProbeType): void {
    this.#stopped.add(type)
    this.#timers.get(type)?.[Symbol.dispose]()
    this.#timers.delete(type)
  }

  #beginRegular(): void {
    this.#begin('liveness')
    this.#begin('readiness')
  }

  #begin(type: ProbeType): void {
    const { probes, startedAt, spread, clock } = this.#options
    const probe = probes[type]
    if (!probe) return
    const due = startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now()
    const period = periodOf(probe)
    // After a restart of the agent, probes of everything on the node must not fall together.
    this.#schedule(type, probe, due < -period ? spread * period : Math.max(due, 0))
  }

  #schedule(type: ProbeType, probe: Probe, wait: number): void {
    if (this.#stopped.has(type)) return
    this.#timers.set(
      type,
      this.#options.clock.after(wait, () => void this.#run(type, probe)),
    )
  }

  async #run(type: ProbeType, probe: Probe): Promise<void> {
    const { clock, complain, check } = this.#options
    const began = clock.now()
    let result = await check(type, probe)
    for (let attempt = 1; result.outcome === 'unknown' && attempt < attempts && !this.#stopped.has(type); attempt++)
      result = await check(type, probe)
    if (this.#stopped.has(type)) return
    if (result.outcome !== 'success' || result.isWarning) complain(type, result)
    const before = this.#tallies.get(type) ?? noTally
    const after = tally(before, result, {
      successThreshold: probe.successThreshold ?? 1,
      failureThreshold: probe.failureThreshold ?? 3,
    })
    this.#tallies.set(type, after)
    if (after.verdict && after.verdict !== this.#outcome[type]) this.#decide(type, after.verdict)
    const isOver = type === 'startup' ? after.verdict !== undefined : type === 'liveness' && after.verdict === 'failure'
    if (isOver) this.#stop(type)
    else this.#schedule(type, probe, Math.max(0, began + periodOf(probe) - clock.now()))
  }

  #decide(type: ProbeType, verdict: 'success' | 'failure'): void {
    this.#outcome = { ...this.#outcome, [type]: verdict }
    if (type === 'startup' && verdict === 'success') this.#beginRegular()
    this.#options.changed()
  }
}

const periodOf = ({ periodSeconds }: Probe): number => (periodSeconds ?? 10) * 1000
