import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { boolean, embedded, int32, list, map, message, optional, required, string } from '../../../schema/index.js'

export const CgroupDriver = { systemd: 0, cgroupfs: 1 } as const

export const VersionRequest = message('runtime.v1.VersionRequest', { version: optional(1, string) })
const versionResponse = {
  version: required(1, string),
  runtimeName: required(2, string),
  runtimeVersion: required(3, string),
  runtimeApiVersion: required(4, string),
}
export interface VersionResponse extends FieldsType<typeof versionResponse> {}
export interface VersionResponseInit extends FieldsInit<typeof versionResponse> {}
export const VersionResponse: MessageSchema<VersionResponse, VersionResponseInit> = message(
  'runtime.v1.VersionResponse',
  versionResponse,
)

/** The node is not ready unless `RuntimeReady` and `NetworkReady` have `status` true. */
const runtimeCondition = {
  type: required(1, string),
  status: required(2, boolean),
  reason: embedded(3, string),
  message: embedded(4, string),
}
export interface RuntimeCondition extends FieldsType<typeof runtimeCondition> {}
export interface RuntimeConditionInit extends FieldsInit<typeof runtimeCondition> {}
export const RuntimeCondition: MessageSchema<RuntimeCondition, RuntimeConditionInit> = message(
  'runtime.v1.RuntimeCondition',
  runtimeCondition,
)

const runtimeStatus = { conditions: embedded(1, list(RuntimeCondition)) }
export interface RuntimeStatus extends FieldsType<typeof runtimeStatus> {}
export interface RuntimeStatusInit extends FieldsInit<typeof runtimeStatus> {}
export const RuntimeStatus: MessageSchema<RuntimeStatus, RuntimeStatusInit> = message(
  'runtime.v1.RuntimeStatus',
  runtimeStatus,
)

export const RuntimeHandlerFeatures = message('runtime.v1.RuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: embedded(1, boolean),
  userNamespaces: embedded(2, boolean),
})
/** The default handler has an empty name. */
const runtimeHandler = {
  name: required(1, string),
  features: optional(2, RuntimeHandlerFeatures),
}
export interface RuntimeHandler extends FieldsType<typeof runtimeHandler> {}
export interface RuntimeHandlerInit extends FieldsInit<typeof runtimeHandler> {}
export const RuntimeHandler: MessageSchema<RuntimeHandler, RuntimeHandlerInit> = message(
  'runtime.v1.RuntimeHandler',
  runtimeHandler,
)

const runtimeFeatures = {
  supplementalGroupsPolicy: embedded(1, boolean),
  userNamespacesHostNetwork: embedded(2, boolean),
}
export interface RuntimeFeatures extends FieldsType<typeof runtimeFeatures> {}
export interface RuntimeFeaturesInit extends FieldsInit<typeof runtimeFeatures> {}
export const RuntimeFeatures: MessageSchema<RuntimeFeatures, RuntimeFeaturesInit> = message(
  'runtime.v1.RuntimeFeatures',
  runtimeFeatures,
)

export const StatusRequest = message('runtime.v1.StatusRequest', { verbose: optional(1, boolean) })
const statusResponse = {
  status: optional(1, RuntimeStatus),
  info: embedded(2, map(string)),
  runtimeHandlers: embedded(3, list(RuntimeHandler)),
  features: optional(4, RuntimeFeatures),
}
export interface StatusResponse extends FieldsType<typeof statusResponse> {}
export interface StatusResponseInit extends FieldsInit<typeof statusResponse> {}
export const StatusResponse: MessageSchema<StatusResponse, StatusResponseInit> = message(
  'runtime.v1.StatusResponse',
  statusResponse,
)

export const NetworkConfig = message('runtime.v1.NetworkConfig', { podCidr: optional(1, string) })
export const RuntimeConfig = message('runtime.v1.RuntimeConfig', { networkConfig: optional(1, NetworkConfig) })
export const UpdateRuntimeConfigRequest = message('runtime.v1.UpdateRuntimeConfigRequest', {
  runtimeConfig: optional(1, RuntimeConfig),
})
export const UpdateRuntimeConfigResponse = message('runtime.v1.UpdateRuntimeConfigResponse', {})

/** Unknown to containerd before 2.0, which answers `Unimplemented`. */
export const RuntimeConfigRequest = message('runtime.v1.RuntimeConfigRequest', {})
export const LinuxRuntimeConfiguration = message('runtime.v1.LinuxRuntimeConfiguration', {
  /** A `CgroupDriver`. */
  cgroupDriver: required(1, int32),
})
export const RuntimeConfigResponse = message('runtime.v1.RuntimeConfigResponse', {
  linux: optional(1, LinuxRuntimeConfiguration),
})
