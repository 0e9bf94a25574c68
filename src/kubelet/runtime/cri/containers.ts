import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import {
  binary,
  boolean,
  embedded,
  int32,
  int64,
  list,
  map,
  message,
  optional,
  required,
  string,
} from '../../../schema/index.js'
import { ContainerMetadata, Mount } from './container-status.js'
import { ImageSpec } from './image-spec.js'
import { LinuxContainerResources } from './resources.js'
import { PodSandboxConfig } from './sandboxes.js'
import { LinuxContainerSecurityContext } from './security.js'

/** CRI's numbers of the signals, by name; `RUNTIME_DEFAULT` is the image's own, or SIGTERM. */
export const Signal: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'RUNTIME_DEFAULT SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL',
    'SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU',
    'SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN',
    ...Array.from({ length: 15 }, (_, i) => `SIGRTMINPLUS${i + 1}`),
    ...Array.from({ length: 14 }, (_, i) => `SIGRTMAXMINUS${14 - i}`),
    'SIGRTMAX',
  ]
    .flatMap(line => line.split(' '))
    .map((name, number) => [name, number]),
)

const keyValue = { key: required(1, string), value: required(2, string) }
export interface KeyValue extends FieldsType<typeof keyValue> {}
export interface KeyValueInit extends FieldsInit<typeof keyValue> {}
export const KeyValue: MessageSchema<KeyValue, KeyValueInit> = message('runtime.v1.KeyValue', keyValue)

/** `permissions` is made of `r`, `w` and `m` (mknod). */
const device = {
  containerPath: required(1, string),
  hostPath: required(2, string),
  permissions: required(3, string),
}
export interface Device extends FieldsType<typeof device> {}
export interface DeviceInit extends FieldsInit<typeof device> {}
export const Device: MessageSchema<Device, DeviceInit> = message('runtime.v1.Device', device)

const cdiDevice = { name: required(1, string) }
export interface CDIDevice extends FieldsType<typeof cdiDevice> {}
export interface CDIDeviceInit extends FieldsInit<typeof cdiDevice> {}
export const CDIDevice: MessageSchema<CDIDevice, CDIDeviceInit> = message('runtime.v1.CDIDevice', cdiDevice)

const linuxContainerConfig = {
  resources: optional(1, LinuxContainerResources),
  securityContext: optional(2, LinuxContainerSecurityContext),
}
export interface LinuxContainerConfig extends FieldsType<typeof linuxContainerConfig> {}
export interface LinuxContainerConfigInit extends FieldsInit<typeof linuxContainerConfig> {}
export const LinuxContainerConfig: MessageSchema<LinuxContainerConfig, LinuxContainerConfigInit> = message(
  'runtime.v1.LinuxContainerConfig',
  linuxContainerConfig,
)

const containerConfig = {
  metadata: optional(1, ContainerMetadata),
  image: optional(2, ImageSpec),
  /** Replaces the image's entrypoint. */
  command: optional(3, list(string)),
  /** Replaces the image's arguments. */
  args: optional(4, list(string)),
  workingDir: optional(5, string),
  envs: optional(6, list(KeyValue)),
  mounts: optional(7, list(Mount)),
  devices: optional(8, list(Device)),
  labels: optional(9, map(string)),
  annotations: optional(10, map(string)),
  /** Relative to the sandbox's `logDirectory`. */
  logPath: optional(11, string),
  stdin: optional(12, boolean),
  stdinOnce: optional(13, boolean),
  tty: optional(14, boolean),
  linux: optional(15, LinuxContainerConfig),
  cdiDevices: optional(17, list(CDIDevice)),
  /** A number of `Signal`. */
  stopSignal: optional(18, int32),
}
export interface ContainerConfig extends FieldsType<typeof containerConfig> {}
export interface ContainerConfigInit extends FieldsInit<typeof containerConfig> {}
export const ContainerConfig: MessageSchema<ContainerConfig, ContainerConfigInit> = message(
  'runtime.v1.ContainerConfig',
  containerConfig,
)

export const CreateContainerRequest = message('runtime.v1.CreateContainerRequest', {
  podSandboxId: required(1, string),
  config: optional(2, ContainerConfig),
  /** The very config the sandbox was run with. */
  sandboxConfig: optional(3, PodSandboxConfig),
})
export const CreateContainerResponse = message('runtime.v1.CreateContainerResponse', {
  containerId: required(1, string),
})

export const StartContainerRequest = message('runtime.v1.StartContainerRequest', { containerId: required(1, string) })
export const StartContainerResponse = message('runtime.v1.StartContainerResponse', {})
/** `timeout` in seconds between the stop signal and SIGKILL; zero kills at once. */
export const StopContainerRequest = message('runtime.v1.StopContainerRequest', {
  containerId: required(1, string),
  timeout: optional(2, int64),
})
export const StopContainerResponse = message('runtime.v1.StopContainerResponse', {})
export const RemoveContainerRequest = message('runtime.v1.RemoveContainerRequest', { containerId: required(1, string) })
export const RemoveContainerResponse = message('runtime.v1.RemoveContainerResponse', {})

export const ContainerStateValue = message('runtime.v1.ContainerStateValue', { state: optional(1, int32) })
const containerFilter = {
  id: optional(1, string),
  state: optional(2, ContainerStateValue),
  podSandboxId: optional(3, string),
  labelSelector: optional(4, map(string)),
}
export interface ContainerFilter extends FieldsType<typeof containerFilter> {}
export interface ContainerFilterInit extends FieldsInit<typeof containerFilter> {}
export const ContainerFilter: MessageSchema<ContainerFilter, ContainerFilterInit> = message(
  'runtime.v1.ContainerFilter',
  containerFilter,
)

export const ListContainersRequest = message('runtime.v1.ListContainersRequest', {
  filter: optional(1, ContainerFilter),
})

const container = {
  id: required(1, string),
  podSandboxId: required(2, string),
  metadata: optional(3, ContainerMetadata),
  image: optional(4, ImageSpec),
  imageRef: embedded(5, string),
  /** A `ContainerState`. */
  state: required(6, int32),
  /** Nanoseconds since the epoch. */
  createdAt: required(7, int64),
  labels: embedded(8, map(string)),
  annotations: embedded(9, map(string)),
  imageId: embedded(10, string),
}
export interface Container extends FieldsType<typeof container> {}
export interface ContainerInit extends FieldsInit<typeof container> {}
export const Container: MessageSchema<Container, ContainerInit> = message('runtime.v1.Container', container)

export const ListContainersResponse = message('runtime.v1.ListContainersResponse', {
  containers: embedded(1, list(Container)),
})

export const ReopenContainerLogRequest = message('runtime.v1.ReopenContainerLogRequest', {
  containerId: required(1, string),
})
export const ReopenContainerLogResponse = message('runtime.v1.ReopenContainerLogResponse', {})

/** `timeout` in seconds; zero lets the command run for ever. */
export const ExecSyncRequest = message('runtime.v1.ExecSyncRequest', {
  containerId: required(1, string),
  cmd: required(2, list(string)),
  timeout: optional(3, int64),
})
/** Each output is cut after 16 MiB by the runtime. */
const execSyncResponse = {
  stdout: embedded(1, binary),
  stderr: embedded(2, binary),
  exitCode: required(3, int32),
}
export interface ExecSyncResponse extends FieldsType<typeof execSyncResponse> {}
export interface ExecSyncResponseInit extends FieldsInit<typeof execSyncResponse> {}
export const ExecSyncResponse: MessageSchema<ExecSyncResponse, ExecSyncResponseInit> = message(
  'runtime.v1.ExecSyncResponse',
  execSyncResponse,
)

/** Exactly what the client asks for; with `tty`, `stderr` must be off. Answers the address of a streaming server. */
export const ExecRequest = message('runtime.v1.ExecRequest', {
  containerId: required(1, string),
  cmd: required(2, list(string)),
  tty: optional(3, boolean),
  stdin: optional(4, boolean),
  stdout: optional(5, boolean),
  stderr: optional(6, boolean),
  auditRequestId: optional(7, string),
})
export const ExecResponse = message('runtime.v1.ExecResponse', { url: required(1, string) })
export const AttachRequest = message('runtime.v1.AttachRequest', {
  containerId: required(1, string),
  stdin: optional(2, boolean),
  tty: optional(3, boolean),
  stdout: optional(4, boolean),
  stderr: optional(5, boolean),
  auditRequestId: optional(6, string),
})
export const AttachResponse = message('runtime.v1.AttachResponse', { url: required(1, string) })

/** `location` is the archive to write; `timeout` in seconds, zero for the runtime's own. */
export const CheckpointContainerRequest = message('runtime.v1.CheckpointContainerRequest', {
  containerId: required(1, string),
  location: required(2, string),
  timeout: optional(3, int64),
})
export const CheckpointContainerResponse = message('runtime.v1.CheckpointContainerResponse', {})
