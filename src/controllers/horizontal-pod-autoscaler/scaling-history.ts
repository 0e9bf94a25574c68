import type { ScalingBehavior, ScalingRules } from './scaling-rules.js'

interface Change {
  readonly replicas: number
  readonly at: number
}

/** What was recommended for one target, and how it was scaled, as far back as that still counts. */
export class ScalingHistory {
  #recommendations: readonly Change[]
  #ups: readonly Change[] = []
  #downs: readonly Change[] = []

  /** Begins with what there is: that is not to be taken away before recommendations have been heard for a while. */
  constructor(replicas: number, now: number) {
    this.#recommendations = [{ replicas, at: now }]
  }

  /** Notes a recommendation; forgets those that are older than `longest` milliseconds. */
  recommend(replicas: number, now: number, longest: number): void {
    const kept = this.#recommendations.filter(({ at }) => at >= now - longest)
    this.#recommendations = [...kept, { replicas, at: now }]
  }

  /** What was recommended within so many milliseconds, the end of which counts if `inclusive`. */
  recommended(now: number, window: number, inclusive = false): number[] {
    const from = now - window
    return this.#recommendations
      .filter(({ at }) => at > from || (inclusive && at === from))
      .map(({ replicas }) => replicas)
  }

  /** Notes that the target was scaled; only rules ask for it. */
  scaled(from: number, to: number, behavior: ScalingBehavior, now: number): void {
    const noted = (changes: readonly Change[], rules: ScalingRules): readonly Change[] => {
      const longest = Math.max(0, ...rules.policies.map(({ period }) => period))
      return [...changes.filter(({ at }) => at >= now - longest), { replicas: Math.abs(to - from), at: now }]
    }
    if (to > from) this.#ups = noted(this.#ups, behavior.scaleUp)
    else this.#downs = noted(this.#downs, behavior.scaleDown)
  }

  /** How many replicas there were `period` milliseconds ago, if nobody else has scaled. */
  replicasBefore(period: number, replicas: number, now: number): number {
    const within = (changes: readonly Change[]) =>
      changes.filter(({ at }) => at > now - period).reduce((sum, change) => sum + change.replicas, 0)
    return replicas - within(this.#ups) + within(this.#downs)
  }
}
