import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  int32,
  keyed,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  set,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { EnvFromSource, EnvVar } from './environment.js'
import { Lifecycle, Probe } from './probe.js'
import { ResourceRequirements } from './resource-requirements.js'
import { SecurityContext } from './security-context.js'

const containerPort = {
  name: optional(1, string),
  hostPort: optional(2, int32),
  containerPort: required(3, int32),
  protocol: optional(4, string, { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] }),
  hostIP: optional(5, string),
}
export interface ContainerPort extends FieldsType<typeof containerPort> {}
export const ContainerPort: MessageSchema<ContainerPort> = message('ContainerPort', containerPort)

const containerResizePolicy = {
  resourceName: required(1, string),
  restartPolicy: required(2, string),
}
export interface ContainerResizePolicy extends FieldsType<typeof containerResizePolicy> {}
export const ContainerResizePolicy: MessageSchema<ContainerResizePolicy> = message(
  'ContainerResizePolicy',
  containerResizePolicy,
)

const containerRestartRuleOnExitCodes = {
  operator: optional(1, string, { required: true }),
  values: optional(2, set(int32)),
}
export interface ContainerRestartRuleOnExitCodes extends FieldsType<typeof containerRestartRuleOnExitCodes> {}
export const ContainerRestartRuleOnExitCodes: MessageSchema<ContainerRestartRuleOnExitCodes> = message(
  'ContainerRestartRuleOnExitCodes',
  containerRestartRuleOnExitCodes,
)

const containerRestartRule = {
  action: optional(1, string, { required: true }),
  exitCodes: pointer(2, ContainerRestartRuleOnExitCodes),
}
export interface ContainerRestartRule extends FieldsType<typeof containerRestartRule> {}
export const ContainerRestartRule: MessageSchema<ContainerRestartRule> = message(
  'ContainerRestartRule',
  containerRestartRule,
)

const volumeMount = {
  name: required(1, string),
  readOnly: optional(2, boolean),
  recursiveReadOnly: pointer(7, string),
  mountPath: required(3, string),
  subPath: optional(4, string),
  mountPropagation: pointer(5, string, { enum: ['Bidirectional', 'HostToContainer', 'None'] }),
  subPathExpr: optional(6, string),
}
export interface VolumeMount extends FieldsType<typeof volumeMount> {}
export const VolumeMount: MessageSchema<VolumeMount> = message('VolumeMount', volumeMount)

const volumeDevice = {
  name: required(1, string),
  devicePath: required(2, string),
}
export interface VolumeDevice extends FieldsType<typeof volumeDevice> {}
export const VolumeDevice: MessageSchema<VolumeDevice> = message('VolumeDevice', volumeDevice)

const container = {
  name: required(1, string),
  image: optional(2, string),
  command: optional(3, list(string)),
  args: optional(4, list(string)),
  workingDir: optional(5, string),
  ports: optional(6, keyed(ContainerPort, ['containerPort', 'protocol'], 'containerPort')),
  envFrom: optional(19, list(EnvFromSource)),
  env: optional(7, keyed(EnvVar, ['name'], 'name')),
  resources: embedded(8, ResourceRequirements),
  resizePolicy: optional(23, list(ContainerResizePolicy)),
  restartPolicy: pointer(24, string),
  restartPolicyRules: optional(25, list(ContainerRestartRule)),
  volumeMounts: optional(9, keyed(VolumeMount, ['mountPath'], 'mountPath')),
  volumeDevices: optional(21, keyed(VolumeDevice, ['devicePath'], 'devicePath')),
  livenessProbe: pointer(10, Probe),
  readinessProbe: pointer(11, Probe),
  startupProbe: pointer(22, Probe),
  lifecycle: pointer(12, Lifecycle),
  terminationMessagePath: optional(13, string),
  terminationMessagePolicy: optional(20, string, { enum: ['FallbackToLogsOnError', 'File'] }),
  imagePullPolicy: optional(14, string, { enum: ['Always', 'IfNotPresent', 'Never'] }),
  securityContext: pointer(15, SecurityContext),
  stdin: optional(16, boolean),
  stdinOnce: optional(17, boolean),
  tty: optional(18, boolean),
}
export interface Container extends FieldsType<typeof container> {}
export interface ContainerInit extends FieldsInit<typeof container> {}
export const Container: MessageSchema<Container, ContainerInit> = message('Container', container)

const ephemeralContainerCommon = {
  name: required(1, string),
  image: optional(2, string),
  command: optional(3, list(string)),
  args: optional(4, list(string)),
  workingDir: optional(5, string),
  ports: optional(6, keyed(ContainerPort, ['containerPort', 'protocol'], 'containerPort')),
  envFrom: optional(19, list(EnvFromSource)),
  env: optional(7, keyed(EnvVar, ['name'], 'name')),
  resources: embedded(8, ResourceRequirements),
  resizePolicy: optional(23, list(ContainerResizePolicy)),
  restartPolicy: pointer(24, string),
  restartPolicyRules: optional(25, list(ContainerRestartRule)),
  volumeMounts: optional(9, keyed(VolumeMount, ['mountPath'], 'mountPath')),
  volumeDevices: optional(21, keyed(VolumeDevice, ['devicePath'], 'devicePath')),
  livenessProbe: pointer(10, Probe),
  readinessProbe: pointer(11, Probe),
  startupProbe: pointer(22, Probe),
  lifecycle: pointer(12, Lifecycle),
  terminationMessagePath: optional(13, string),
  terminationMessagePolicy: optional(20, string, { enum: ['FallbackToLogsOnError', 'File'] }),
  imagePullPolicy: optional(14, string, { enum: ['Always', 'IfNotPresent', 'Never'] }),
  securityContext: pointer(15, SecurityContext),
  stdin: optional(16, boolean),
  stdinOnce: optional(17, boolean),
  tty: optional(18, boolean),
}
export interface EphemeralContainerCommon extends FieldsType<typeof ephemeralContainerCommon> {}
export interface EphemeralContainerCommonInit extends FieldsInit<typeof ephemeralContainerCommon> {}
export const EphemeralContainerCommon: MessageSchema<EphemeralContainerCommon, EphemeralContainerCommonInit> = message(
  'EphemeralContainerCommon',
  ephemeralContainerCommon,
)

const ephemeralContainer = {
  ephemeralContainerCommon: inline(1, EphemeralContainerCommon),
  targetContainerName: optional(2, string),
}
export interface EphemeralContainer extends FieldsType<typeof ephemeralContainer> {}
export interface EphemeralContainerInit extends FieldsInit<typeof ephemeralContainer> {}
export const EphemeralContainer: MessageSchema<EphemeralContainer, EphemeralContainerInit> = message(
  'EphemeralContainer',
  ephemeralContainer,
)
