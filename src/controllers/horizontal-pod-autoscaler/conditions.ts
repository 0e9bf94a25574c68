import type { HorizontalPodAutoscalerCondition } from '../../api/autoscaling/v2/index.js'
import { rfc3339 } from '../../machinery/clock.js'

type Conditions = readonly HorizontalPodAutoscalerCondition[]

/** What an autoscaler says of itself: each condition keeps the time of its last change. */
export class AutoscalerConditions {
  #conditions: Conditions

  constructor(
    before: Conditions | undefined,
    private readonly now: number,
  ) {
    this.#conditions = before ?? []
  }

  get all(): Conditions {
    return this.#conditions
  }

  set(type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited', holds: boolean, reason: string, message: string): void {
    const status = holds ? 'True' : 'False'
    const before = this.#conditions.find(condition => condition.type === type)
    const lastTransitionTime =
      before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : rfc3339(this.now)
    const condition = { type, status, lastTransitionTime, reason, message }
    this.#conditions = before
      ? this.#conditions.map(other => (other === before ? condition : other))
      : [...this.#conditions, condition]
  }
}
