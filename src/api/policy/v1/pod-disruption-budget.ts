import { Condition, LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  intOrString,
  type Kind,
  keyed,
  type MessageSchema,
  map,
  optional,
  pointer,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const podDisruptionBudgetSpec = {
  minAvailable: pointer(1, intOrString),
  selector: pointer(2, LabelSelector, { patch: 'replace' }),
  maxUnavailable: pointer(3, intOrString),
  unhealthyPodEvictionPolicy: pointer(4, string, { enum: ['AlwaysAllow', 'IfHealthyBudget'] }),
}
export interface PodDisruptionBudgetSpec extends FieldsType<typeof podDisruptionBudgetSpec> {}
export const PodDisruptionBudgetSpec: MessageSchema<PodDisruptionBudgetSpec> = message(
  'PodDisruptionBudgetSpec',
  podDisruptionBudgetSpec,
)

const podDisruptionBudgetStatus = {
  observedGeneration: optional(1, int64),
  disruptedPods: optional(2, map(time)),
  disruptionsAllowed: embedded(3, int32),
  currentHealthy: embedded(4, int32),
  desiredHealthy: embedded(5, int32),
  expectedPods: embedded(6, int32),
  conditions: optional(7, keyed(Condition, ['type'], 'type')),
}
export interface PodDisruptionBudgetStatus extends FieldsType<typeof podDisruptionBudgetStatus> {}
export interface PodDisruptionBudgetStatusInit extends FieldsInit<typeof podDisruptionBudgetStatus> {}
export const PodDisruptionBudgetStatus: MessageSchema<PodDisruptionBudgetStatus, PodDisruptionBudgetStatusInit> =
  message('PodDisruptionBudgetStatus', podDisruptionBudgetStatus)

const podDisruptionBudget = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PodDisruptionBudgetSpec),
  status: embedded(3, PodDisruptionBudgetStatus),
}
export interface PodDisruptionBudget extends TypeMeta, FieldsType<typeof podDisruptionBudget> {}
export interface PodDisruptionBudgetInit extends TypeMeta, FieldsInit<typeof podDisruptionBudget> {}
/** How many pods of a set may be down at once by choice. */
export const PodDisruptionBudget: Kind<PodDisruptionBudget, PodDisruptionBudgetInit> = kind(
  'PodDisruptionBudget',
  { plural: 'poddisruptionbudgets', namespaced: true },
  podDisruptionBudget,
)
