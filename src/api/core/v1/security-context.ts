import {
  boolean,
  type FieldsType,
  int64,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const capabilities = {
  add: optional(1, list(string)),
  drop: optional(2, list(string)),
}
export interface Capabilities extends FieldsType<typeof capabilities> {}
export const Capabilities: MessageSchema<Capabilities> = message('Capabilities', capabilities)

const seLinuxOptions = {
  user: optional(1, string),
  role: optional(2, string),
  type: optional(3, string),
  level: optional(4, string),
}
export interface SELinuxOptions extends FieldsType<typeof seLinuxOptions> {}
export const SELinuxOptions: MessageSchema<SELinuxOptions> = message('SELinuxOptions', seLinuxOptions)

const windowsSecurityContextOptions = {
  gmsaCredentialSpecName: pointer(1, string),
  gmsaCredentialSpec: pointer(2, string),
  runAsUserName: pointer(3, string),
  hostProcess: pointer(4, boolean),
}
export interface WindowsSecurityContextOptions extends FieldsType<typeof windowsSecurityContextOptions> {}
export const WindowsSecurityContextOptions: MessageSchema<WindowsSecurityContextOptions> = message(
  'WindowsSecurityContextOptions',
  windowsSecurityContextOptions,
)

const seccompProfile = {
  type: required(1, string, { enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] }),
  localhostProfile: pointer(2, string),
}
export interface SeccompProfile extends FieldsType<typeof seccompProfile> {}
export const SeccompProfile: MessageSchema<SeccompProfile> = message('SeccompProfile', seccompProfile, {
  unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }],
})

const appArmorProfile = {
  type: required(1, string, { enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] }),
  localhostProfile: pointer(2, string),
}
export interface AppArmorProfile extends FieldsType<typeof appArmorProfile> {}
export const AppArmorProfile: MessageSchema<AppArmorProfile> = message('AppArmorProfile', appArmorProfile, {
  unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }],
})

const securityContext = {
  capabilities: pointer(1, Capabilities),
  privileged: pointer(2, boolean),
  seLinuxOptions: pointer(3, SELinuxOptions),
  windowsOptions: pointer(10, WindowsSecurityContextOptions),
  runAsUser: pointer(4, int64),
  runAsGroup: pointer(8, int64),
  runAsNonRoot: pointer(5, boolean),
  readOnlyRootFilesystem: pointer(6, boolean),
  allowPrivilegeEscalation: pointer(7, boolean),
  procMount: pointer(9, string, { enum: ['Default', 'Unmasked'] }),
  seccompProfile: pointer(11, SeccompProfile),
  appArmorProfile: pointer(12, AppArmorProfile),
}
export interface SecurityContext extends FieldsType<typeof securityContext> {}
export const SecurityContext: MessageSchema<SecurityContext> = message('SecurityContext', securityContext)

const sysctl = {
  name: required(1, string),
  value: required(2, string),
}
export interface Sysctl extends FieldsType<typeof sysctl> {}
export const Sysctl: MessageSchema<Sysctl> = message('Sysctl', sysctl)

const podSecurityContext = {
  seLinuxOptions: pointer(1, SELinuxOptions),
  windowsOptions: pointer(8, WindowsSecurityContextOptions),
  runAsUser: pointer(2, int64),
  runAsGroup: pointer(6, int64),
  runAsNonRoot: pointer(3, boolean),
  supplementalGroups: optional(4, list(int64)),
  supplementalGroupsPolicy: pointer(12, string, { enum: ['Merge', 'Strict'] }),
  fsGroup: pointer(5, int64),
  sysctls: optional(7, list(Sysctl)),
  fsGroupChangePolicy: pointer(9, string, { enum: ['Always', 'OnRootMismatch'] }),
  seccompProfile: pointer(10, SeccompProfile),
  appArmorProfile: pointer(11, AppArmorProfile),
  seLinuxChangePolicy: pointer(13, string),
}
export interface PodSecurityContext extends FieldsType<typeof podSecurityContext> {}
export const PodSecurityContext: MessageSchema<PodSecurityContext> = message('PodSecurityContext', podSecurityContext)
