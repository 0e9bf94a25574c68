import { LabelSelector } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  string,
  time,
} from '../../../schema/index.js'
import { message } from './declare.js'

const crossVersionObjectReference = {
  kind: required(1, string),
  name: required(2, string),
  apiVersion: optional(3, string),
}
export interface CrossVersionObjectReference extends FieldsType<typeof crossVersionObjectReference> {}
export const CrossVersionObjectReference: MessageSchema<CrossVersionObjectReference> = message(
  'CrossVersionObjectReference',
  crossVersionObjectReference,
  { atomic: true },
)

const containerResourceMetricSource = {
  name: required(1, string),
  targetAverageUtilization: pointer(2, int32),
  targetAverageValue: pointer(3, quantity),
  container: required(5, string),
}
export interface ContainerResourceMetricSource extends FieldsType<typeof containerResourceMetricSource> {}
export const ContainerResourceMetricSource: MessageSchema<ContainerResourceMetricSource> = message(
  'ContainerResourceMetricSource',
  containerResourceMetricSource,
)

const containerResourceMetricStatus = {
  name: required(1, string),
  currentAverageUtilization: pointer(2, int32),
  currentAverageValue: required(3, quantity),
  container: required(4, string),
}
export interface ContainerResourceMetricStatus extends FieldsType<typeof containerResourceMetricStatus> {}
export const ContainerResourceMetricStatus: MessageSchema<ContainerResourceMetricStatus> = message(
  'ContainerResourceMetricStatus',
  containerResourceMetricStatus,
)

const externalMetricSource = {
  metricName: required(1, string),
  metricSelector: pointer(2, LabelSelector),
  targetValue: pointer(3, quantity),
  targetAverageValue: pointer(4, quantity),
}
export interface ExternalMetricSource extends FieldsType<typeof externalMetricSource> {}
export const ExternalMetricSource: MessageSchema<ExternalMetricSource> = message(
  'ExternalMetricSource',
  externalMetricSource,
)

const externalMetricStatus = {
  metricName: required(1, string),
  metricSelector: pointer(2, LabelSelector),
  currentValue: required(3, quantity),
  currentAverageValue: pointer(4, quantity),
}
export interface ExternalMetricStatus extends FieldsType<typeof externalMetricStatus> {}
export const ExternalMetricStatus: MessageSchema<ExternalMetricStatus> = message(
  'ExternalMetricStatus',
  externalMetricStatus,
)

const objectMetricSource = {
  target: embedded(1, CrossVersionObjectReference),
  metricName: required(2, string),
  targetValue: required(3, quantity),
  selector: pointer(4, LabelSelector),
  averageValue: pointer(5, quantity),
}
export interface ObjectMetricSource extends FieldsType<typeof objectMetricSource> {}
export interface ObjectMetricSourceInit extends FieldsInit<typeof objectMetricSource> {}
export const ObjectMetricSource: MessageSchema<ObjectMetricSource, ObjectMetricSourceInit> = message(
  'ObjectMetricSource',
  objectMetricSource,
)

const objectMetricStatus = {
  target: embedded(1, CrossVersionObjectReference),
  metricName: required(2, string),
  currentValue: required(3, quantity),
  selector: pointer(4, LabelSelector),
  averageValue: pointer(5, quantity),
}
export interface ObjectMetricStatus extends FieldsType<typeof objectMetricStatus> {}
export interface ObjectMetricStatusInit extends FieldsInit<typeof objectMetricStatus> {}
export const ObjectMetricStatus: MessageSchema<ObjectMetricStatus, ObjectMetricStatusInit> = message(
  'ObjectMetricStatus',
  objectMetricStatus,
)

const podsMetricSource = {
  metricName: required(1, string),
  targetAverageValue: required(2, quantity),
  selector: pointer(3, LabelSelector),
}
export interface PodsMetricSource extends FieldsType<typeof podsMetricSource> {}
export const PodsMetricSource: MessageSchema<PodsMetricSource> = message('PodsMetricSource', podsMetricSource)

const podsMetricStatus = {
  metricName: required(1, string),
  currentAverageValue: required(2, quantity),
  selector: pointer(3, LabelSelector),
}
export interface PodsMetricStatus extends FieldsType<typeof podsMetricStatus> {}
export const PodsMetricStatus: MessageSchema<PodsMetricStatus> = message('PodsMetricStatus', podsMetricStatus)

const resourceMetricSource = {
  name: required(1, string),
  targetAverageUtilization: pointer(2, int32),
  targetAverageValue: pointer(3, quantity),
}
export interface ResourceMetricSource extends FieldsType<typeof resourceMetricSource> {}
export const ResourceMetricSource: MessageSchema<ResourceMetricSource> = message(
  'ResourceMetricSource',
  resourceMetricSource,
)

const resourceMetricStatus = {
  name: required(1, string),
  currentAverageUtilization: pointer(2, int32),
  currentAverageValue: required(3, quantity),
}
export interface ResourceMetricStatus extends FieldsType<typeof resourceMetricStatus> {}
export const ResourceMetricStatus: MessageSchema<ResourceMetricStatus> = message(
  'ResourceMetricStatus',
  resourceMetricStatus,
)

const metricSpec = {
  type: required(1, string),
  object: pointer(2, ObjectMetricSource),
  pods: pointer(3, PodsMetricSource),
  resource: pointer(4, ResourceMetricSource),
  containerResource: pointer(7, ContainerResourceMetricSource),
  external: pointer(5, ExternalMetricSource),
}
export interface MetricSpec extends FieldsType<typeof metricSpec> {}
export interface MetricSpecInit extends FieldsInit<typeof metricSpec> {}
export const MetricSpec: MessageSchema<MetricSpec, MetricSpecInit> = message('MetricSpec', metricSpec)

const metricStatus = {
  type: required(1, string),
  object: pointer(2, ObjectMetricStatus),
  pods: pointer(3, PodsMetricStatus),
  resource: pointer(4, ResourceMetricStatus),
  containerResource: pointer(7, ContainerResourceMetricStatus),
  external: pointer(5, ExternalMetricStatus),
}
export interface MetricStatus extends FieldsType<typeof metricStatus> {}
export interface MetricStatusInit extends FieldsInit<typeof metricStatus> {}
export const MetricStatus: MessageSchema<MetricStatus, MetricStatusInit> = message('MetricStatus', metricStatus)

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
