import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import {
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
  uint32,
} from '../../../schema/index.js'
import { ImageSpec } from './image-spec.js'
import { ContainerResources } from './resources.js'
import { IDMapping } from './security.js'

export const ContainerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const
export const MountPropagation = { private: 0, hostToContainer: 1, bidirectional: 2 } as const

/** `(name, attempt)` is unique within a sandbox for its whole life. */
const containerMetadata = {
  name: required(1, string),
  attempt: required(2, uint32),
}
export interface ContainerMetadata extends FieldsType<typeof containerMetadata> {}
export interface ContainerMetadataInit extends FieldsInit<typeof containerMetadata> {}
export const ContainerMetadata: MessageSchema<ContainerMetadata, ContainerMetadataInit> = message(
  'runtime.v1.ContainerMetadata',
  containerMetadata,
)

/** A host path, or an image, mounted into a container. */
const mount = {
  containerPath: required(1, string),
  hostPath: optional(2, string),
  readonly: optional(3, boolean),
  selinuxRelabel: optional(4, boolean),
  /** A `MountPropagation`. */
  propagation: optional(5, int32),
  uidMappings: optional(6, list(IDMapping)),
  gidMappings: optional(7, list(IDMapping)),
  recursiveReadOnly: optional(8, boolean),
  image: optional(9, ImageSpec),
  imageSubPath: optional(10, string),
}
export interface Mount extends FieldsType<typeof mount> {}
export interface MountInit extends FieldsInit<typeof mount> {}
export const Mount: MessageSchema<Mount, MountInit> = message('runtime.v1.Mount', mount)

export const LinuxContainerUser = message('runtime.v1.LinuxContainerUser', {
  uid: required(1, int64),
  gid: required(2, int64),
  supplementalGroups: embedded(3, list(int64)),
})
const containerUser = { linux: optional(1, LinuxContainerUser) }
export interface ContainerUser extends FieldsType<typeof containerUser> {}
export interface ContainerUserInit extends FieldsInit<typeof containerUser> {}
export const ContainerUser: MessageSchema<ContainerUser, ContainerUserInit> = message(
  'runtime.v1.ContainerUser',
  containerUser,
)

const containerStatus = {
  id: required(1, string),
  metadata: optional(2, ContainerMetadata),
  /** A `ContainerState`. */
  state: required(3, int32),
  /** Nanoseconds since the epoch, as the next two; zero while it has not happened. */
  createdAt: required(4, int64),
  startedAt: required(5, int64),
  finishedAt: required(6, int64),
  exitCode: required(7, int32),
  image: optional(8, ImageSpec),
  imageRef: embedded(9, string),
  /** `OOMKilled`, `Completed`, `Error`, `StartError`, ... */
  reason: embedded(10, string),
  message: embedded(11, string),
  labels: embedded(12, map(string)),
  annotations: embedded(13, map(string)),
  mounts: embedded(14, list(Mount)),
  /** Absolute path on the host. */
  logPath: embedded(15, string),
  resources: optional(16, ContainerResources),
  imageId: embedded(17, string),
  user: optional(18, ContainerUser),
  /** A `Signal`. */
  stopSignal: embedded(19, int32),
}
export interface ContainerStatus extends FieldsType<typeof containerStatus> {}
export interface ContainerStatusInit extends FieldsInit<typeof containerStatus> {}
export const ContainerStatus: MessageSchema<ContainerStatus, ContainerStatusInit> = message(
  'runtime.v1.ContainerStatus',
  containerStatus,
)

export const ContainerStatusRequest = message('runtime.v1.ContainerStatusRequest', {
  containerId: required(1, string),
  verbose: optional(2, boolean),
})
const containerStatusResponse = {
  status: optional(1, ContainerStatus),
  /** With `verbose`: JSON texts by topic. */
  info: embedded(2, map(string)),
}
export interface ContainerStatusResponse extends FieldsType<typeof containerStatusResponse> {}
export interface ContainerStatusResponseInit extends FieldsInit<typeof containerStatusResponse> {}
export const ContainerStatusResponse: MessageSchema<ContainerStatusResponse, ContainerStatusResponseInit> = message(
  'runtime.v1.ContainerStatusResponse',
  containerStatusResponse,
)
