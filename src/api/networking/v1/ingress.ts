import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  int32,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { TypedLocalObjectReference } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const serviceBackendPort = {
  name: optional(1, string),
  number: optional(2, int32),
}
export interface ServiceBackendPort extends FieldsType<typeof serviceBackendPort> {}
export const ServiceBackendPort: MessageSchema<ServiceBackendPort> = message('ServiceBackendPort', serviceBackendPort, {
  atomic: true,
})

const ingressServiceBackend = {
  name: required(1, string),
  port: embedded(2, ServiceBackendPort),
}
export interface IngressServiceBackend extends FieldsType<typeof ingressServiceBackend> {}
export interface IngressServiceBackendInit extends FieldsInit<typeof ingressServiceBackend> {}
export const IngressServiceBackend: MessageSchema<IngressServiceBackend, IngressServiceBackendInit> = message(
  'IngressServiceBackend',
  ingressServiceBackend,
)

const ingressBackend = {
  service: pointer(4, IngressServiceBackend),
  resource: pointer(3, TypedLocalObjectReference),
}
export interface IngressBackend extends FieldsType<typeof ingressBackend> {}
export interface IngressBackendInit extends FieldsInit<typeof ingressBackend> {}
export const IngressBackend: MessageSchema<IngressBackend, IngressBackendInit> = message(
  'IngressBackend',
  ingressBackend,
)

const httpIngressPath = {
  path: optional(1, string),
  pathType: required(3, string, { nullable: true, enum: ['Exact', 'ImplementationSpecific', 'Prefix'] }),
  backend: required(2, IngressBackend),
}
export interface HTTPIngressPath extends FieldsType<typeof httpIngressPath> {}
export interface HTTPIngressPathInit extends FieldsInit<typeof httpIngressPath> {}
export const HTTPIngressPath: MessageSchema<HTTPIngressPath, HTTPIngressPathInit> = message(
  'HTTPIngressPath',
  httpIngressPath,
)

const httpIngressRuleValue = { paths: required(1, list(HTTPIngressPath)) }
export interface HTTPIngressRuleValue extends FieldsType<typeof httpIngressRuleValue> {}
export interface HTTPIngressRuleValueInit extends FieldsInit<typeof httpIngressRuleValue> {}
export const HTTPIngressRuleValue: MessageSchema<HTTPIngressRuleValue, HTTPIngressRuleValueInit> = message(
  'HTTPIngressRuleValue',
  httpIngressRuleValue,
)

const ingressRuleValue = { http: pointer(1, HTTPIngressRuleValue) }
export interface IngressRuleValue extends FieldsType<typeof ingressRuleValue> {}
export interface IngressRuleValueInit extends FieldsInit<typeof ingressRuleValue> {}
export const IngressRuleValue: MessageSchema<IngressRuleValue, IngressRuleValueInit> = message(
  'IngressRuleValue',
  ingressRuleValue,
)

const ingressRule = {
  host: optional(1, string),
  ingressRuleValue: inline(2, IngressRuleValue),
}
export interface IngressRule extends FieldsType<typeof ingressRule> {}
export interface IngressRuleInit extends FieldsInit<typeof ingressRule> {}
export const IngressRule: MessageSchema<IngressRule, IngressRuleInit> = message('IngressRule', ingressRule)

const ingressTLS = {
  hosts: optional(1, list(string)),
  secretName: optional(2, string),
}
export interface IngressTLS extends FieldsType<typeof ingressTLS> {}
export const IngressTLS: MessageSchema<IngressTLS> = message('IngressTLS', ingressTLS)

const ingressSpec = {
  ingressClassName: pointer(4, string),
  defaultBackend: pointer(1, IngressBackend),
  tls: optional(2, list(IngressTLS)),
  rules: optional(3, list(IngressRule)),
}
export interface IngressSpec extends FieldsType<typeof ingressSpec> {}
export interface IngressSpecInit extends FieldsInit<typeof ingressSpec> {}
export const IngressSpec: MessageSchema<IngressSpec, IngressSpecInit> = message('IngressSpec', ingressSpec)

const ingressPortStatus = {
  port: required(1, int32),
  protocol: required(2, string, { enum: ['SCTP', 'TCP', 'UDP'] }),
  error: pointer(3, string),
}
export interface IngressPortStatus extends FieldsType<typeof ingressPortStatus> {}
export const IngressPortStatus: MessageSchema<IngressPortStatus> = message('IngressPortStatus', ingressPortStatus)

const ingressLoadBalancerIngress = {
  ip: optional(1, string),
  hostname: optional(2, string),
  ports: optional(4, list(IngressPortStatus)),
}
export interface IngressLoadBalancerIngress extends FieldsType<typeof ingressLoadBalancerIngress> {}
export const IngressLoadBalancerIngress: MessageSchema<IngressLoadBalancerIngress> = message(
  'IngressLoadBalancerIngress',
  ingressLoadBalancerIngress,
)

const ingressLoadBalancerStatus = { ingress: optional(1, list(IngressLoadBalancerIngress)) }
export interface IngressLoadBalancerStatus extends FieldsType<typeof ingressLoadBalancerStatus> {}
export const IngressLoadBalancerStatus: MessageSchema<IngressLoadBalancerStatus> = message(
  'IngressLoadBalancerStatus',
  ingressLoadBalancerStatus,
)

const ingressStatus = { loadBalancer: embedded(1, IngressLoadBalancerStatus) }
export interface IngressStatus extends FieldsType<typeof ingressStatus> {}
export interface IngressStatusInit extends FieldsInit<typeof ingressStatus> {}
export const IngressStatus: MessageSchema<IngressStatus, IngressStatusInit> = message('IngressStatus', ingressStatus)

const ingress = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, IngressSpec),
  status: embedded(3, IngressStatus),
}
export interface Ingress extends TypeMeta, FieldsType<typeof ingress> {}
export interface IngressInit extends TypeMeta, FieldsInit<typeof ingress> {}
/** HTTP routes from outside to services. */
export const Ingress: Kind<Ingress, IngressInit> = kind('Ingress', { plural: 'ingresses', namespaced: true }, ingress)
