import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../api/autoscaling/v2/index.js'
import { quantityToNumber } from '../../machinery/quantity.js'
import type { Tolerances } from './replica-calculator.js'

/** How fast something may be scaled in one direction. */
export interface ScalingRules {
  /** Milliseconds. */
  readonly stabilization: number
  readonly select: 'Max' | 'Min' | 'Disabled'
  readonly policies: readonly ScalingPolicy[]
}

export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent'
  readonly value: number
  /** Milliseconds. */
  readonly period: number
}

export interface ScalingBehavior {
  readonly scaleUp: ScalingRules
  readonly scaleDown: ScalingRules
}

/** The rules of an autoscaler that has any; `downscaleStabilization` (milliseconds) holds where it names no window. */
export function behaviorOf(
  { spec: { behavior } }: HorizontalPodAutoscaler,
  downscaleStabilization: number,
): ScalingBehavior | undefined {
  if (!behavior) return undefined
  return {
    scaleUp: rulesOf(behavior.scaleUp, 0, [
      { type: 'Pods', value: 4, period: 15_000 },
      { type: 'Percent', value: 100, period: 15_000 },
    ]),
    scaleDown: rulesOf(behavior.scaleDown, downscaleStabilization, [{ type: 'Percent', value: 100, period: 15_000 }]),
  }
}

function rulesOf(
  rules: HPAScalingRules | undefined,
  stabilization: number,
  defaults: readonly ScalingPolicy[],
): ScalingRules {
  const seconds = rules?.stabilizationWindowSeconds
  return {
    stabilization: seconds === undefined ? stabilization : seconds * 1000,
    select: (rules?.selectPolicy as ScalingRules['select'] | undefined) ?? 'Max',
    policies: rules?.policies?.length
      ? rules.policies.map(({ type, value, periodSeconds }) => ({
          type: type as ScalingPolicy['type'],
          value,
          period: periodSeconds * 1000,
        }))
      : defaults,
  }
}

/** The tolerances of an autoscaler, where it has its own. */
export function tolerancesOf({ spec: { behavior } }: HorizontalPodAutoscaler, tolerance: number): Tolerances {
  const own = (rules: HPAScalingRules | undefined) =>
    rules?.tolerance === undefined ? tolerance : quantityToNumber(rules.tolerance)
  return { scaleUp: own(behavior?.scaleUp), scaleDown: own(behavior?.scaleDown) }
}
