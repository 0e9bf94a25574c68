import type { FieldsInit, FieldsType, MessageSchema } from '../../../schema/index.js'
import { boolean, int32, int64, list, message, optional, string, uint32 } from '../../../schema/index.js'

/** Whose namespace a container joins. CRI's default is the pod's; `target` names another container's. */
export const NamespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const
/** How groups of the image's /etc/group join the requested supplemental groups. */
export const SupplementalGroupsPolicy = { merge: 0, strict: 1 } as const
/** Where a seccomp or AppArmor profile comes from. */
export const ProfileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const

/** A number that may be absent: zero is a value of its own (uid 0). */
const int64Value = { value: optional(1, int64) }
export interface Int64Value extends FieldsType<typeof int64Value> {}
export interface Int64ValueInit extends FieldsInit<typeof int64Value> {}
export const Int64Value: MessageSchema<Int64Value, Int64ValueInit> = message('runtime.v1.Int64Value', int64Value)

const idmapping = {
  hostId: optional(1, uint32),
  containerId: optional(2, uint32),
  length: optional(3, uint32),
}
export interface IDMapping extends FieldsType<typeof idmapping> {}
export interface IDMappingInit extends FieldsInit<typeof idmapping> {}
export const IDMapping: MessageSchema<IDMapping, IDMappingInit> = message('runtime.v1.IDMapping', idmapping)

const userNamespace = {
  mode: optional(1, int32),
  uids: optional(2, list(IDMapping)),
  gids: optional(3, list(IDMapping)),
}
export interface UserNamespace extends FieldsType<typeof userNamespace> {}
export interface UserNamespaceInit extends FieldsInit<typeof userNamespace> {}
export const UserNamespace: MessageSchema<UserNamespace, UserNamespaceInit> = message(
  'runtime.v1.UserNamespace',
  userNamespace,
)

const namespaceOption = {
  network: optional(1, int32),
  pid: optional(2, int32),
  ipc: optional(3, int32),
  targetId: optional(4, string),
  usernsOptions: optional(5, UserNamespace),
}
export interface NamespaceOption extends FieldsType<typeof namespaceOption> {}
export interface NamespaceOptionInit extends FieldsInit<typeof namespaceOption> {}
export const NamespaceOption: MessageSchema<NamespaceOption, NamespaceOptionInit> = message(
  'runtime.v1.NamespaceOption',
  namespaceOption,
)

const securityProfile = {
  profileType: optional(1, int32),
  localhostRef: optional(2, string),
}
export interface SecurityProfile extends FieldsType<typeof securityProfile> {}
export interface SecurityProfileInit extends FieldsInit<typeof securityProfile> {}
export const SecurityProfile: MessageSchema<SecurityProfile, SecurityProfileInit> = message(
  'runtime.v1.SecurityProfile',
  securityProfile,
)

const selinuxOption = {
  user: optional(1, string),
  role: optional(2, string),
  type: optional(3, string),
  level: optional(4, string),
}
export interface SELinuxOption extends FieldsType<typeof selinuxOption> {}
export interface SELinuxOptionInit extends FieldsInit<typeof selinuxOption> {}
export const SELinuxOption: MessageSchema<SELinuxOption, SELinuxOptionInit> = message(
  'runtime.v1.SELinuxOption',
  selinuxOption,
)

/** Capability names without their `CAP_` prefix; `ALL` stands for every one. */
const capability = {
  addCapabilities: optional(1, list(string)),
  dropCapabilities: optional(2, list(string)),
  addAmbientCapabilities: optional(3, list(string)),
}
export interface Capability extends FieldsType<typeof capability> {}
export interface CapabilityInit extends FieldsInit<typeof capability> {}
export const Capability: MessageSchema<Capability, CapabilityInit> = message('runtime.v1.Capability', capability)

/** Security of the sandbox itself (the pause process and the namespaces it holds). */
const linuxSandboxSecurityContext = {
  namespaceOptions: optional(1, NamespaceOption),
  selinuxOptions: optional(2, SELinuxOption),
  runAsUser: optional(3, Int64Value),
  readonlyRootfs: optional(4, boolean),
  supplementalGroups: optional(5, list(int64)),
  privileged: optional(6, boolean),
  /** Old form of `seccomp`, for runtimes that know only that one. */
  seccompProfilePath: optional(7, string),
  runAsGroup: optional(8, Int64Value),
  seccomp: optional(9, SecurityProfile),
  apparmor: optional(10, SecurityProfile),
  supplementalGroupsPolicy: optional(11, int32),
}
export interface LinuxSandboxSecurityContext extends FieldsType<typeof linuxSandboxSecurityContext> {}
export interface LinuxSandboxSecurityContextInit extends FieldsInit<typeof linuxSandboxSecurityContext> {}
export const LinuxSandboxSecurityContext: MessageSchema<LinuxSandboxSecurityContext, LinuxSandboxSecurityContextInit> =
  message('runtime.v1.LinuxSandboxSecurityContext', linuxSandboxSecurityContext)

const linuxContainerSecurityContext = {
  capabilities: optional(1, Capability),
  privileged: optional(2, boolean),
  namespaceOptions: optional(3, NamespaceOption),
  selinuxOptions: optional(4, SELinuxOption),
  runAsUser: optional(5, Int64Value),
  runAsUsername: optional(6, string),
  readonlyRootfs: optional(7, boolean),
  supplementalGroups: optional(8, list(int64)),
  /** Old form of `apparmor`. */
  apparmorProfile: optional(9, string),
  /** Old form of `seccomp`. */
  seccompProfilePath: optional(10, string),
  noNewPrivs: optional(11, boolean),
  runAsGroup: optional(12, Int64Value),
  maskedPaths: optional(13, list(string)),
  readonlyPaths: optional(14, list(string)),
  seccomp: optional(15, SecurityProfile),
  apparmor: optional(16, SecurityProfile),
  supplementalGroupsPolicy: optional(17, int32),
}
export interface LinuxContainerSecurityContext extends FieldsType<typeof linuxContainerSecurityContext> {}
export interface LinuxContainerSecurityContextInit extends FieldsInit<typeof linuxContainerSecurityContext> {}
export const LinuxContainerSecurityContext: MessageSchema<
  LinuxContainerSecurityContext,
  LinuxContainerSecurityContextInit
> = message('runtime.v1.LinuxContainerSecurityContext', linuxContainerSecurityContext)
