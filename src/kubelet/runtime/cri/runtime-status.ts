import type { Infer } from '../../../schema/index.js'
import { boolean, embedded, int32, list, map, message, optional, required, string } from '../../../schema/index.js'

export const CgroupDriver = { systemd: 0, cgroupfs: 1 } as const

export const VersionRequest = message('runtime.v1.VersionRequest', { version: optional(1, string) })
export const VersionResponse = message('runtime.v1.VersionResponse', {
  version: required(1, string),
  runtimeName: required(2, string),
  runtimeVersion: required(3, string),
  runtimeApiVersion: required(4, string),
})
export interface VersionResponse extends Infer<typeof VersionResponse> {}

/** The node is not ready unless `RuntimeReady` and `NetworkReady` have `status` true. */
export const RuntimeCondition = message('runtime.v1.RuntimeCondition', {
  type: required(1, string),
  status: required(2, boolean),
  reason: embedded(3, string),
  message: embedded(4, string),
})
export interface RuntimeCondition extends Infer<typeof RuntimeCondition> {}
export const RuntimeStatus = message('runtime.v1.RuntimeStatus', { conditions: embedded(1, list(RuntimeCondition)) })
export interface RuntimeStatus extends Infer<typeof RuntimeStatus> {}

export const RuntimeHandlerFeatures = message('runtime.v1.RuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: embedded(1, boolean),
  userNamespaces: embedded(2, boolean),
})
/** The default handler has an empty name. */
export const RuntimeHandler = message('runtime.v1.RuntimeHandler', {
  name: required(1, string),
  features: optional(2, RuntimeHandlerFeatures),
})
export interface RuntimeHandler extends Infer<typeof RuntimeHandler> {}
export const RuntimeFeatures = message('runtime.v1.RuntimeFeatures', {
  supplementalGroupsPolicy: embedded(1, boolean),
  userNamespacesHostNetwork: embedded(2, boolean),
})
export interface RuntimeFeatures extends Infer<typeof RuntimeFeatures> {}

export const StatusRequest = message('runtime.v1.StatusRequest', { verbose: optional(1, boolean) })
export const StatusResponse = message('runtime.v1.StatusResponse', {
  status: optional(1, RuntimeStatus),
  info: embedded(2, map(string)),
  runtimeHandlers: embedded(3, list(RuntimeHandler)),
  features: optional(4, RuntimeFeatures),
})
export interface StatusResponse extends Infer<typeof StatusResponse> {}

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
