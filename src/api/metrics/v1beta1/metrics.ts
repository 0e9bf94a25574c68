import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  duration,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  quantity,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const containerMetrics = {
  name: required(1, string),
  usage: required(2, map(quantity)),
}
export interface ContainerMetrics extends FieldsType<typeof containerMetrics> {}
/** What a container uses: `cpu` over the window, `memory` (its working set) at the timestamp. */
export const ContainerMetrics: MessageSchema<ContainerMetrics> = message('ContainerMetrics', containerMetrics)

const podMetrics = {
  metadata: embedded(1, ObjectMeta),
  timestamp: required(2, time),
  window: required(3, duration),
  containers: required(4, list(ContainerMetrics)),
}
export interface PodMetrics extends TypeMeta, FieldsType<typeof podMetrics> {}
export interface PodMetricsInit extends TypeMeta, FieldsInit<typeof podMetrics> {}
/** What the containers of a pod used in the window that ended at the timestamp. */
export const PodMetrics: Kind<PodMetrics, PodMetricsInit> = kind(
  'PodMetrics',
  { plural: 'pods', namespaced: true },
  podMetrics,
)

const nodeMetrics = {
  metadata: embedded(1, ObjectMeta),
  timestamp: required(2, time),
  window: required(3, duration),
  usage: required(4, map(quantity)),
}
export interface NodeMetrics extends TypeMeta, FieldsType<typeof nodeMetrics> {}
export interface NodeMetricsInit extends TypeMeta, FieldsInit<typeof nodeMetrics> {}
/** What a node used in the window that ended at the timestamp. */
export const NodeMetrics: Kind<NodeMetrics, NodeMetricsInit> = kind(
  'NodeMetrics',
  { plural: 'nodes', namespaced: false },
  nodeMetrics,
)
