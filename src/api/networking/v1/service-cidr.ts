import { Condition, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  kind,
  list,
  type MessageSchema,
  message,
  optional,
  string,
  type TypeMeta,
} from '../../../schema/index.js'

const serviceCIDRSpec = {
  cidrs: optional(1, list(string)),
}
export interface ServiceCIDRSpec extends FieldsType<typeof serviceCIDRSpec> {}
export const ServiceCIDRSpec: MessageSchema<ServiceCIDRSpec> = message(
  'k8s.io.api.networking.v1.ServiceCIDRSpec',
  serviceCIDRSpec,
)

const serviceCIDRStatus = {
  conditions: optional(1, keyed(Condition, ['type'], 'type')),
}
export interface ServiceCIDRStatus extends FieldsType<typeof serviceCIDRStatus> {}
export const ServiceCIDRStatus: MessageSchema<ServiceCIDRStatus> = message(
  'k8s.io.api.networking.v1.ServiceCIDRStatus',
  serviceCIDRStatus,
)

const serviceCIDR = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ServiceCIDRSpec),
  status: embedded(3, ServiceCIDRStatus),
}
export interface ServiceCIDR extends TypeMeta, FieldsType<typeof serviceCIDR> {}
export interface ServiceCIDRInit extends TypeMeta, FieldsInit<typeof serviceCIDR> {}
/** A range that service addresses are taken from. */
export const ServiceCIDR: Kind<ServiceCIDR, ServiceCIDRInit> = kind(
  'k8s.io.api.networking.v1.ServiceCIDR',
  { group: 'networking.k8s.io', version: 'v1', plural: 'servicecidrs', namespaced: false },
  serviceCIDR,
)
