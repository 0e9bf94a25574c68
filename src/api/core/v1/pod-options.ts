import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  type Kind,
  list,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind } from './declare.js'
import { ObjectReference } from './reference.js'

const podExecOptions = {
  stdin: optional(1, boolean),
  stdout: optional(2, boolean),
  stderr: optional(3, boolean),
  tty: optional(4, boolean),
  container: optional(5, string),
  command: required(6, list(string, { type: 'none' })),
}
export interface PodExecOptions extends TypeMeta, FieldsType<typeof podExecOptions> {}
/** Query parameters of `pods/exec`. */
export const PodExecOptions: Kind<PodExecOptions> = kind(
  'PodExecOptions',
  { plural: '', namespaced: true },
  podExecOptions,
)

const podAttachOptions = {
  stdin: optional(1, boolean),
  stdout: optional(2, boolean),
  stderr: optional(3, boolean),
  tty: optional(4, boolean),
  container: optional(5, string),
}
export interface PodAttachOptions extends TypeMeta, FieldsType<typeof podAttachOptions> {}
/** Query parameters of `pods/attach`. */
export const PodAttachOptions: Kind<PodAttachOptions> = kind(
  'PodAttachOptions',
  { plural: '', namespaced: true },
  podAttachOptions,
)

const podLogOptions = {
  container: optional(1, string),
  follow: optional(2, boolean),
  previous: optional(3, boolean),
  sinceSeconds: pointer(4, int64),
  sinceTime: pointer(5, time),
  timestamps: optional(6, boolean),
  tailLines: pointer(7, int64),
  limitBytes: pointer(8, int64),
  insecureSkipTLSVerifyBackend: optional(9, boolean),
  stream: pointer(10, string),
}
export interface PodLogOptions extends TypeMeta, FieldsType<typeof podLogOptions> {}
/** Query parameters of `pods/log`. */
export const PodLogOptions: Kind<PodLogOptions> = kind('PodLogOptions', { plural: '', namespaced: true }, podLogOptions)

const podPortForwardOptions = { ports: optional(1, list(int32, { type: 'none' })) }
export interface PodPortForwardOptions extends TypeMeta, FieldsType<typeof podPortForwardOptions> {}
/** Query parameters of `pods/portforward`. */
export const PodPortForwardOptions: Kind<PodPortForwardOptions> = kind(
  'PodPortForwardOptions',
  { plural: '', namespaced: true },
  podPortForwardOptions,
)

const podProxyOptions = { path: optional(1, string) }
export interface PodProxyOptions extends TypeMeta, FieldsType<typeof podProxyOptions> {}
/** Query parameters of `pods/proxy`. */
export const PodProxyOptions: Kind<PodProxyOptions> = kind(
  'PodProxyOptions',
  { plural: '', namespaced: true },
  podProxyOptions,
)

const serviceProxyOptions = { path: optional(1, string) }
export interface ServiceProxyOptions extends TypeMeta, FieldsType<typeof serviceProxyOptions> {}
/** Query parameters of `services/proxy`. */
export const ServiceProxyOptions: Kind<ServiceProxyOptions> = kind(
  'ServiceProxyOptions',
  { plural: '', namespaced: true },
  serviceProxyOptions,
)

const nodeProxyOptions = { path: optional(1, string) }
export interface NodeProxyOptions extends TypeMeta, FieldsType<typeof nodeProxyOptions> {}
/** Query parameters of `nodes/proxy`. */
export const NodeProxyOptions: Kind<NodeProxyOptions> = kind(
  'NodeProxyOptions',
  { plural: '', namespaced: false },
  nodeProxyOptions,
)

const binding = {
  metadata: embedded(1, ObjectMeta),
  target: required(2, ObjectReference),
}
export interface Binding extends TypeMeta, FieldsType<typeof binding> {}
export interface BindingInit extends TypeMeta, FieldsInit<typeof binding> {}
/** Ties one object to another: a pod to its node. */
export const Binding: Kind<Binding, BindingInit> = kind('Binding', { plural: 'bindings', namespaced: true }, binding)
