import {
  binary,
  embedded,
  int32,
  int64,
  list,
  message,
  optional,
  required,
  string,
  uint32,
} from '../../schema/index.js'

/** Seconds since the epoch and nanoseconds within. */
export const Timestamp = message('google.protobuf.Timestamp', {
  seconds: required(1, int64),
  nanos: required(2, int32),
})
export const Any = message('google.protobuf.Any', { typeUrl: required(1, string), value: embedded(2, binary) })
export const Empty = message('google.protobuf.Empty', {})

export const SubscribeRequest = message('containerd.services.events.v1.SubscribeRequest', {
  /** An event that passes any of them is sent; the conditions within one, joined by commas, must all hold. */
  filters: optional(1, list(string)),
})
export const PublishRequest = message('containerd.services.events.v1.PublishRequest', {
  topic: required(1, string),
  event: optional(2, Any),
})
/** `containerd.services.events.v1.Envelope`; of package `containerd.types` since 2.0, which the wire does not show. */
export const EventEnvelope = message('containerd.types.Envelope', {
  timestamp: optional(1, Timestamp),
  namespace: required(2, string),
  topic: required(3, string),
  event: optional(4, Any),
})

export const TaskStart = message('containerd.events.TaskStart', {
  containerId: required(1, string),
  pid: required(2, uint32),
})
export const TaskExit = message('containerd.events.TaskExit', {
  containerId: required(1, string),
  /** Of the process: the container's own for its first process, another for one that was exec'ed. */
  id: required(2, string),
  pid: required(3, uint32),
  exitStatus: required(4, uint32),
  exitedAt: optional(5, Timestamp),
})
export const TaskOOM = message('containerd.events.TaskOOM', { containerId: required(1, string) })
export const ContainerCreate = message('containerd.events.ContainerCreate', { id: required(1, string) })
export const ContainerDelete = message('containerd.events.ContainerDelete', { id: required(1, string) })
