/** How the demand for seats was over a time. */
export interface DemandOfPeriod {
  readonly highest: number
  readonly average: number
  readonly deviation: number
}

/** Integrates a demand that changes at moments over time. Times in milliseconds. */
export class DemandIntegrator {
  #value = 0
  #since: number
  #begin: number
  #area = 0
  #squares = 0
  #highest = 0

  constructor(now: number) {
    this.#since = now
    this.#begin = now
  }

  get value(): number {
    return this.#value
  }

  add(amount: number, now: number): void {
    this.#advance(now)
    this.#value += amount
    if (this.#value > this.#highest) this.#highest = this.#value
  }

  /** What there was since the last call, and begins anew; undefined if no time has passed. */
  takePeriod(now: number): DemandOfPeriod | undefined {
    this.#advance(now)
    const duration = now - this.#begin
    const highest = this.#highest
    const average = this.#area / duration
    const variance = this.#squares / duration - average * average
    this.#begin = now
    this.#area = 0
    this.#squares = 0
    this.#highest = this.#value
    return duration > 0 ? { highest, average, deviation: Math.sqrt(Math.max(variance, 0)) } : undefined
  }

  #advance(now: number): void {
    const passed = now - this.#since
    if (passed <= 0) return
    this.#area += this.#value * passed
    this.#squares += this.#value * this.#value * passed
    this.#since = now
  }
}

/** A part of the former demand that stays when demand falls: seats are given back slowly. */
const smoothing = 0.977

export interface SmoothedDemand extends DemandOfPeriod {
  readonly smoothed: number
}

export const noDemand: SmoothedDemand = { highest: 0, average: 0, deviation: 0, smoothed: 0 }

/** Takes a period into account: rises at once, falls slowly. */
export function smoothDemand(former: SmoothedDemand, period: DemandOfPeriod | undefined): SmoothedDemand {
  if (!period) return former
  const envelope = period.average + period.deviation
  return { ...period, smoothed: Math.max(envelope, smoothing * former.smoothed + (1 - smoothing) * envelope) }
}
