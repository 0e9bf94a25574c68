import { LabelSelector } from '../../../machinery/meta/index.js'
import {
  type FieldsType,
  int32,
  type MessageSchema,
  optional,
  pointer,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const metricIdentifier = {
  name: required(1, string),
  selector: pointer(2, LabelSelector),
}
export interface MetricIdentifier extends FieldsType<typeof metricIdentifier> {}
export const MetricIdentifier: MessageSchema<MetricIdentifier> = message('MetricIdentifier', metricIdentifier)

const metricTarget = {
  type: required(1, string),
  value: pointer(2, quantity),
  averageValue: pointer(3, quantity),
  averageUtilization: pointer(4, int32),
}
export interface MetricTarget extends FieldsType<typeof metricTarget> {}
export const MetricTarget: MessageSchema<MetricTarget> = message('MetricTarget', metricTarget)

const metricValueStatus = {
  value: pointer(1, quantity),
  averageValue: pointer(2, quantity),
  averageUtilization: pointer(3, int32),
}
export interface MetricValueStatus extends FieldsType<typeof metricValueStatus> {}
export const MetricValueStatus: MessageSchema<MetricValueStatus> = message('MetricValueStatus', metricValueStatus)

const crossVersionObjectReference = {
  kind: required(1, string),
  name: required(2, string),
  apiVersion: optional(3, string),
}
export interface CrossVersionObjectReference extends FieldsType<typeof crossVersionObjectReference> {}
export const CrossVersionObjectReference: MessageSchema<CrossVersionObjectReference> = message(
  'CrossVersionObjectReference',
  crossVersionObjectReference,
)

const containerResourceMetricSource = {
  name: required(1, string),
  target: required(2, MetricTarget),
  container: required(3, string),
}
export interface ContainerResourceMetricSource extends FieldsType<typeof containerResourceMetricSource> {}
export const ContainerResourceMetricSource: MessageSchema<ContainerResourceMetricSource> = message(
  'ContainerResourceMetricSource',
  containerResourceMetricSource,
)

const containerResourceMetricStatus = {
  name: required(1, string),
  current: required(2, MetricValueStatus),
  container: required(3, string),
}
export interface ContainerResourceMetricStatus extends FieldsType<typeof containerResourceMetricStatus> {}
export const ContainerResourceMetricStatus: MessageSchema<ContainerResourceMetricStatus> = message(
  'ContainerResourceMetricStatus',
  containerResourceMetricStatus,
)

const externalMetricSource = {
  metric: required(1, MetricIdentifier),
  target: required(2, MetricTarget),
}
export interface ExternalMetricSource extends FieldsType<typeof externalMetricSource> {}
export const ExternalMetricSource: MessageSchema<ExternalMetricSource> = message(
  'ExternalMetricSource',
  externalMetricSource,
)

const externalMetricStatus = {
  metric: required(1, MetricIdentifier),
  current: required(2, MetricValueStatus),
}
export interface ExternalMetricStatus extends FieldsType<typeof externalMetricStatus> {}
export const ExternalMetricStatus: MessageSchema<ExternalMetricStatus> = message(
  'ExternalMetricStatus',
  externalMetricStatus,
)

const objectMetricSource = {
  describedObject: required(1, CrossVersionObjectReference),
  target: required(2, MetricTarget),
  metric: required(3, MetricIdentifier),
}
export interface ObjectMetricSource extends FieldsType<typeof objectMetricSource> {}
export const ObjectMetricSource: MessageSchema<ObjectMetricSource> = message('ObjectMetricSource', objectMetricSource)

const objectMetricStatus = {
  metric: required(1, MetricIdentifier),
  current: required(2, MetricValueStatus),
  describedObject: required(3, CrossVersionObjectReference),
}
export interface ObjectMetricStatus extends FieldsType<typeof objectMetricStatus> {}
export const ObjectMetricStatus: MessageSchema<ObjectMetricStatus> = message('ObjectMetricStatus', objectMetricStatus)

const podsMetricSource = {
  metric: required(1, MetricIdentifier),
  target: required(2, MetricTarget),
}
export interface PodsMetricSource extends FieldsType<typeof podsMetricSource> {}
export const PodsMetricSource: MessageSchema<PodsMetricSource> = message('PodsMetricSource', podsMetricSource)

const podsMetricStatus = {
  metric: required(1, MetricIdentifier),
  current: required(2, MetricValueStatus),
}
export interface PodsMetricStatus extends FieldsType<typeof podsMetricStatus> {}
export const PodsMetricStatus: MessageSchema<PodsMetricStatus> = message('PodsMetricStatus', podsMetricStatus)

const resourceMetricSource = {
  name: required(1, string),
  target: required(2, MetricTarget),
}
export interface ResourceMetricSource extends FieldsType<typeof resourceMetricSource> {}
export const ResourceMetricSource: MessageSchema<ResourceMetricSource> = message(
  'ResourceMetricSource',
  resourceMetricSource,
)

const resourceMetricStatus = {
  name: required(1, string),
  current: required(2, MetricValueStatus),
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
export const MetricSpec: MessageSchema<MetricSpec> = message('MetricSpec', metricSpec)

const metricStatus = {
  type: required(1, string),
  object: pointer(2, ObjectMetricStatus),
  pods: pointer(3, PodsMetricStatus),
  resource: pointer(4, ResourceMetricStatus),
  containerResource: pointer(7, ContainerResourceMetricStatus),
  external: pointer(5, ExternalMetricStatus),
}
export interface MetricStatus extends FieldsType<typeof metricStatus> {}
export const MetricStatus: MessageSchema<MetricStatus> = message('MetricStatus', metricStatus)
