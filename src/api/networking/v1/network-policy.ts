import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  intOrString,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const ipBlock = {
  cidr: required(1, string),
  except: optional(2, list(string)),
}
export interface IPBlock extends FieldsType<typeof ipBlock> {}
export const IPBlock: MessageSchema<IPBlock> = message('IPBlock', ipBlock)

const networkPolicyPeer = {
  podSelector: pointer(1, LabelSelector),
  namespaceSelector: pointer(2, LabelSelector),
  ipBlock: pointer(3, IPBlock),
}
export interface NetworkPolicyPeer extends FieldsType<typeof networkPolicyPeer> {}
export const NetworkPolicyPeer: MessageSchema<NetworkPolicyPeer> = message('NetworkPolicyPeer', networkPolicyPeer)

const networkPolicyPort = {
  protocol: pointer(1, string, { enum: ['SCTP', 'TCP', 'UDP'] }),
  port: pointer(2, intOrString),
  endPort: pointer(3, int32),
}
export interface NetworkPolicyPort extends FieldsType<typeof networkPolicyPort> {}
export const NetworkPolicyPort: MessageSchema<NetworkPolicyPort> = message('NetworkPolicyPort', networkPolicyPort)

const networkPolicyEgressRule = {
  ports: optional(1, list(NetworkPolicyPort)),
  to: optional(2, list(NetworkPolicyPeer)),
}
export interface NetworkPolicyEgressRule extends FieldsType<typeof networkPolicyEgressRule> {}
export const NetworkPolicyEgressRule: MessageSchema<NetworkPolicyEgressRule> = message(
  'NetworkPolicyEgressRule',
  networkPolicyEgressRule,
)

const networkPolicyIngressRule = {
  ports: optional(1, list(NetworkPolicyPort)),
  from: optional(2, list(NetworkPolicyPeer)),
}
export interface NetworkPolicyIngressRule extends FieldsType<typeof networkPolicyIngressRule> {}
export const NetworkPolicyIngressRule: MessageSchema<NetworkPolicyIngressRule> = message(
  'NetworkPolicyIngressRule',
  networkPolicyIngressRule,
)

const networkPolicySpec = {
  podSelector: embedded(1, LabelSelector),
  ingress: optional(2, list(NetworkPolicyIngressRule)),
  egress: optional(3, list(NetworkPolicyEgressRule)),
  policyTypes: optional(4, list(string)),
}
export interface NetworkPolicySpec extends FieldsType<typeof networkPolicySpec> {}
export interface NetworkPolicySpecInit extends FieldsInit<typeof networkPolicySpec> {}
export const NetworkPolicySpec: MessageSchema<NetworkPolicySpec, NetworkPolicySpecInit> = message(
  'NetworkPolicySpec',
  networkPolicySpec,
)

const networkPolicy = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, NetworkPolicySpec),
}
export interface NetworkPolicy extends TypeMeta, FieldsType<typeof networkPolicy> {}
export interface NetworkPolicyInit extends TypeMeta, FieldsInit<typeof networkPolicy> {}
/** What traffic pods accept and send. */
export const NetworkPolicy: Kind<NetworkPolicy, NetworkPolicyInit> = kind(
  'NetworkPolicy',
  { plural: 'networkpolicies', namespaced: true },
  networkPolicy,
)
