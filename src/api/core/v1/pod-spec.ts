import {
  boolean,
  type FieldsInit,
  type FieldsType,
  int32,
  int64,
  keyed,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { Affinity, Toleration, TopologySpreadConstraint } from './affinity.js'
import { Container, EphemeralContainer } from './container.js'
import { message } from './declare.js'
import { LocalObjectReference } from './reference.js'
import { ResourceRequirements } from './resource-requirements.js'
import { PodSecurityContext } from './security-context.js'
import { Volume } from './volume.js'

const hostAlias = {
  ip: required(1, string),
  hostnames: optional(2, list(string)),
}
export interface HostAlias extends FieldsType<typeof hostAlias> {}
export const HostAlias: MessageSchema<HostAlias> = message('HostAlias', hostAlias)

const podDNSConfigOption = {
  name: optional(1, string),
  value: pointer(2, string),
}
export interface PodDNSConfigOption extends FieldsType<typeof podDNSConfigOption> {}
export const PodDNSConfigOption: MessageSchema<PodDNSConfigOption> = message('PodDNSConfigOption', podDNSConfigOption)

const podDNSConfig = {
  nameservers: optional(1, list(string)),
  searches: optional(2, list(string)),
  options: optional(3, list(PodDNSConfigOption)),
}
export interface PodDNSConfig extends FieldsType<typeof podDNSConfig> {}
export const PodDNSConfig: MessageSchema<PodDNSConfig> = message('PodDNSConfig', podDNSConfig)

const podOS = { name: required(1, string) }
export interface PodOS extends FieldsType<typeof podOS> {}
export const PodOS: MessageSchema<PodOS> = message('PodOS', podOS)

const podReadinessGate = { conditionType: required(1, string) }
export interface PodReadinessGate extends FieldsType<typeof podReadinessGate> {}
export const PodReadinessGate: MessageSchema<PodReadinessGate> = message('PodReadinessGate', podReadinessGate)

const podResourceClaim = {
  name: required(1, string),
  resourceClaimName: pointer(3, string),
  resourceClaimTemplateName: pointer(4, string),
}
export interface PodResourceClaim extends FieldsType<typeof podResourceClaim> {}
export const PodResourceClaim: MessageSchema<PodResourceClaim> = message('PodResourceClaim', podResourceClaim)

const podSchedulingGate = { name: required(1, string) }
export interface PodSchedulingGate extends FieldsType<typeof podSchedulingGate> {}
export const PodSchedulingGate: MessageSchema<PodSchedulingGate> = message('PodSchedulingGate', podSchedulingGate)

const podSchedulingGroup = { podGroupName: pointer(1, string) }
export interface PodSchedulingGroup extends FieldsType<typeof podSchedulingGroup> {}
export const PodSchedulingGroup: MessageSchema<PodSchedulingGroup> = message('PodSchedulingGroup', podSchedulingGroup, {
  unions: [{ fields: { podGroupName: 'PodGroupName' } }],
})

const podSpec = {
  volumes: optional(1, keyed(Volume, ['name'], 'name', 'merge,retainKeys')),
  initContainers: optional(20, keyed(Container, ['name'], 'name')),
  containers: required(2, keyed(Container, ['name'], 'name')),
  ephemeralContainers: optional(34, keyed(EphemeralContainer, ['name'], 'name')),
  restartPolicy: optional(3, string, { enum: ['Always', 'Never', 'OnFailure'] }),
  terminationGracePeriodSeconds: pointer(4, int64),
  activeDeadlineSeconds: pointer(5, int64),
  dnsPolicy: optional(6, string, { enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] }),
  nodeSelector: optional(7, map(string, { atomic: true })),
  serviceAccountName: optional(8, string),
  serviceAccount: optional(9, string),
  automountServiceAccountToken: pointer(21, boolean),
  nodeName: optional(10, string),
  hostNetwork: optional(11, boolean),
  hostPID: optional(12, boolean),
  hostIPC: optional(13, boolean),
  shareProcessNamespace: pointer(27, boolean),
  securityContext: pointer(14, PodSecurityContext),
  imagePullSecrets: optional(15, keyed(LocalObjectReference, ['name'], 'name')),
  hostname: optional(16, string),
  subdomain: optional(17, string),
  affinity: pointer(18, Affinity),
  schedulerName: optional(19, string),
  tolerations: optional(22, list(Toleration)),
  hostAliases: optional(23, keyed(HostAlias, ['ip'], 'ip')),
  priorityClassName: optional(24, string),
  priority: pointer(25, int32),
  dnsConfig: pointer(26, PodDNSConfig),
  readinessGates: optional(28, list(PodReadinessGate)),
  runtimeClassName: pointer(29, string),
  enableServiceLinks: pointer(30, boolean),
  preemptionPolicy: pointer(31, string, { enum: ['Never', 'PreemptLowerPriority'] }),
  overhead: optional(32, map(quantity)),
  topologySpreadConstraints: optional(
    33,
    keyed(TopologySpreadConstraint, ['topologyKey', 'whenUnsatisfiable'], 'topologyKey'),
  ),
  setHostnameAsFQDN: pointer(35, boolean),
  os: pointer(36, PodOS),
  hostUsers: pointer(37, boolean),
  schedulingGates: optional(38, keyed(PodSchedulingGate, ['name'], 'name')),
  resourceClaims: optional(39, keyed(PodResourceClaim, ['name'], 'name', 'merge,retainKeys')),
  resources: pointer(40, ResourceRequirements),
  hostnameOverride: pointer(41, string),
  schedulingGroup: pointer(43, PodSchedulingGroup),
}
export interface PodSpec extends FieldsType<typeof podSpec> {}
export interface PodSpecInit extends FieldsInit<typeof podSpec> {}
export const PodSpec: MessageSchema<PodSpec, PodSpecInit> = message('PodSpec', podSpec)
