import { Condition, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  intOrString,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const clientIPConfig = { timeoutSeconds: pointer(1, int32) }
export interface ClientIPConfig extends FieldsType<typeof clientIPConfig> {}
export const ClientIPConfig: MessageSchema<ClientIPConfig> = message('ClientIPConfig', clientIPConfig)

const sessionAffinityConfig = { clientIP: pointer(1, ClientIPConfig) }
export interface SessionAffinityConfig extends FieldsType<typeof sessionAffinityConfig> {}
export const SessionAffinityConfig: MessageSchema<SessionAffinityConfig> = message(
  'SessionAffinityConfig',
  sessionAffinityConfig,
)

const servicePort = {
  name: optional(1, string),
  protocol: optional(2, string, { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] }),
  appProtocol: pointer(6, string),
  port: required(3, int32),
  targetPort: embedded(4, intOrString),
  nodePort: optional(5, int32),
}
export interface ServicePort extends FieldsType<typeof servicePort> {}
export interface ServicePortInit extends FieldsInit<typeof servicePort> {}
export const ServicePort: MessageSchema<ServicePort, ServicePortInit> = message('ServicePort', servicePort)

const serviceSpec = {
  ports: optional(1, keyed(ServicePort, ['port', 'protocol'], 'port')),
  selector: optional(2, map(string, { atomic: true })),
  clusterIP: optional(3, string),
  clusterIPs: optional(18, list(string)),
  type: optional(4, string, { enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] }),
  externalIPs: optional(5, list(string)),
  sessionAffinity: optional(7, string, { enum: ['ClientIP', 'None'] }),
  loadBalancerIP: optional(8, string),
  loadBalancerSourceRanges: optional(9, list(string)),
  externalName: optional(10, string),
  externalTrafficPolicy: optional(11, string, { enum: ['Cluster', 'Local'] }),
  healthCheckNodePort: optional(12, int32),
  publishNotReadyAddresses: optional(13, boolean),
  sessionAffinityConfig: pointer(14, SessionAffinityConfig),
  ipFamilies: optional(19, list(string)),
  ipFamilyPolicy: pointer(17, string, { enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'] }),
  allocateLoadBalancerNodePorts: pointer(20, boolean),
  loadBalancerClass: pointer(21, string),
  internalTrafficPolicy: pointer(22, string, { enum: ['Cluster', 'Local'] }),
  trafficDistribution: pointer(23, string),
}
export interface ServiceSpec extends FieldsType<typeof serviceSpec> {}
export interface ServiceSpecInit extends FieldsInit<typeof serviceSpec> {}
export const ServiceSpec: MessageSchema<ServiceSpec, ServiceSpecInit> = message('ServiceSpec', serviceSpec)

const portStatus = {
  port: required(1, int32),
  protocol: required(2, string, { enum: ['SCTP', 'TCP', 'UDP'] }),
  error: pointer(3, string),
}
export interface PortStatus extends FieldsType<typeof portStatus> {}
export const PortStatus: MessageSchema<PortStatus> = message('PortStatus', portStatus)

const loadBalancerIngress = {
  ip: optional(1, string),
  hostname: optional(2, string),
  ipMode: pointer(3, string),
  ports: optional(4, list(PortStatus)),
}
export interface LoadBalancerIngress extends FieldsType<typeof loadBalancerIngress> {}
export const LoadBalancerIngress: MessageSchema<LoadBalancerIngress> = message(
  'LoadBalancerIngress',
  loadBalancerIngress,
)

const loadBalancerStatus = { ingress: optional(1, list(LoadBalancerIngress)) }
export interface LoadBalancerStatus extends FieldsType<typeof loadBalancerStatus> {}
export const LoadBalancerStatus: MessageSchema<LoadBalancerStatus> = message('LoadBalancerStatus', loadBalancerStatus)

const serviceStatus = {
  loadBalancer: embedded(1, LoadBalancerStatus),
  conditions: optional(2, keyed(Condition, ['type'], 'type')),
}
export interface ServiceStatus extends FieldsType<typeof serviceStatus> {}
export interface ServiceStatusInit extends FieldsInit<typeof serviceStatus> {}
export const ServiceStatus: MessageSchema<ServiceStatus, ServiceStatusInit> = message('ServiceStatus', serviceStatus)

const service = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ServiceSpec),
  status: embedded(3, ServiceStatus),
}
export interface Service extends TypeMeta, FieldsType<typeof service> {}
export interface ServiceInit extends TypeMeta, FieldsInit<typeof service> {}
/** A stable name and address in front of pods. */
export const Service: Kind<Service, ServiceInit> = kind('Service', { plural: 'services', namespaced: true }, service)
