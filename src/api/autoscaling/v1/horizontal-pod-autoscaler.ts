import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  type MessageSchema,
  pointer,
  required,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { CrossVersionObjectReference } from './metric.js'

const horizontalPodAutoscalerSpec = {
  scaleTargetRef: required(1, CrossVersionObjectReference),
  minReplicas: pointer(2, int32),
  maxReplicas: required(3, int32),
  targetCPUUtilizationPercentage: pointer(4, int32),
}
export interface HorizontalPodAutoscalerSpec extends FieldsType<typeof horizontalPodAutoscalerSpec> {}
export const HorizontalPodAutoscalerSpec: MessageSchema<HorizontalPodAutoscalerSpec> = message(
  'HorizontalPodAutoscalerSpec',
  horizontalPodAutoscalerSpec,
)

const horizontalPodAutoscalerStatus = {
  observedGeneration: pointer(1, int64),
  lastScaleTime: pointer(2, time),
  currentReplicas: required(3, int32),
  desiredReplicas: required(4, int32),
  currentCPUUtilizationPercentage: pointer(5, int32),
}
export interface HorizontalPodAutoscalerStatus extends FieldsType<typeof horizontalPodAutoscalerStatus> {}
export const HorizontalPodAutoscalerStatus: MessageSchema<HorizontalPodAutoscalerStatus> = message(
  'HorizontalPodAutoscalerStatus',
  horizontalPodAutoscalerStatus,
)

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
