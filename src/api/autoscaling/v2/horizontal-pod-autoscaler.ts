import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { CrossVersionObjectReference, MetricSpec, MetricStatus } from './metric.js'

const hpaScalingPolicy = {
  type: required(1, string),
  value: required(2, int32),
  periodSeconds: required(3, int32),
}
export interface HPAScalingPolicy extends FieldsType<typeof hpaScalingPolicy> {}
export const HPAScalingPolicy: MessageSchema<HPAScalingPolicy> = message('HPAScalingPolicy', hpaScalingPolicy)

const hpaScalingRules = {
  stabilizationWindowSeconds: pointer(3, int32),
  selectPolicy: pointer(1, string),
  policies: optional(2, list(HPAScalingPolicy)),
  tolerance: pointer(4, quantity),
}
export interface HPAScalingRules extends FieldsType<typeof hpaScalingRules> {}
export const HPAScalingRules: MessageSchema<HPAScalingRules> = message('HPAScalingRules', hpaScalingRules)

const horizontalPodAutoscalerBehavior = {
  scaleUp: pointer(1, HPAScalingRules),
  scaleDown: pointer(2, HPAScalingRules),
}
export interface HorizontalPodAutoscalerBehavior extends FieldsType<typeof horizontalPodAutoscalerBehavior> {}
export const HorizontalPodAutoscalerBehavior: MessageSchema<HorizontalPodAutoscalerBehavior> = message(
  'HorizontalPodAutoscalerBehavior',
  horizontalPodAutoscalerBehavior,
)

const horizontalPodAutoscalerSpec = {
  scaleTargetRef: required(1, CrossVersionObjectReference),
  minReplicas: pointer(2, int32),
  maxReplicas: required(3, int32),
  metrics: optional(4, list(MetricSpec)),
  behavior: pointer(5, HorizontalPodAutoscalerBehavior),
}
export interface HorizontalPodAutoscalerSpec extends FieldsType<typeof horizontalPodAutoscalerSpec> {}
export const HorizontalPodAutoscalerSpec: MessageSchema<HorizontalPodAutoscalerSpec> = message(
  'HorizontalPodAutoscalerSpec',
  horizontalPodAutoscalerSpec,
)

const horizontalPodAutoscalerCondition = {
  type: required(1, string),
  status: required(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface HorizontalPodAutoscalerCondition extends FieldsType<typeof horizontalPodAutoscalerCondition> {}
export const HorizontalPodAutoscalerCondition: MessageSchema<HorizontalPodAutoscalerCondition> = message(
  'HorizontalPodAutoscalerCondition',
  horizontalPodAutoscalerCondition,
)

const horizontalPodAutoscalerStatus = {
  observedGeneration: pointer(1, int64),
  lastScaleTime: pointer(2, time),
  currentReplicas: optional(3, int32),
  desiredReplicas: required(4, int32),
  currentMetrics: embedded(5, list(MetricStatus)),
  conditions: optional(6, keyed(HorizontalPodAutoscalerCondition, ['type'], 'type')),
}
export interface HorizontalPodAutoscalerStatus extends FieldsType<typeof horizontalPodAutoscalerStatus> {}
export interface HorizontalPodAutoscalerStatusInit extends FieldsInit<typeof horizontalPodAutoscalerStatus> {}
export const HorizontalPodAutoscalerStatus: MessageSchema<
  HorizontalPodAutoscalerStatus,
  HorizontalPodAutoscalerStatusInit
> = message('HorizontalPodAutoscalerStatus', horizontalPodAutoscalerStatus)

const horizontalPodAutoscaler = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, HorizontalPodAutoscalerSpec),
  status: embedded(3, HorizontalPodAutoscalerStatus),
}
export interface HorizontalPodAutoscaler extends TypeMeta, FieldsType<typeof horizontalPodAutoscaler> {}
export interface HorizontalPodAutoscalerInit extends TypeMeta, FieldsInit<typeof horizontalPodAutoscaler> {}
/** Scales a workload by measured load. */
export const HorizontalPodAutoscaler: Kind<HorizontalPodAutoscaler, HorizontalPodAutoscalerInit> = kind(
  'HorizontalPodAutoscaler',
  { plural: 'horizontalpodautoscalers', namespaced: true },
  horizontalPodAutoscaler,
)
