import { Condition, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  optional,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const serviceCIDRSpec = { cidrs: optional(1, list(string)) }
export interface ServiceCIDRSpec extends FieldsType<typeof serviceCIDRSpec> {}
export const ServiceCIDRSpec: MessageSchema<ServiceCIDRSpec> = message('ServiceCIDRSpec', serviceCIDRSpec)

const serviceCIDRStatus = { conditions: optional(1, keyed(Condition, ['type'], 'type')) }
export interface ServiceCIDRStatus extends FieldsType<typeof serviceCIDRStatus> {}
export const ServiceCIDRStatus: MessageSchema<ServiceCIDRStatus> = message('ServiceCIDRStatus', serviceCIDRStatus)

const serviceCIDR = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ServiceCIDRSpec),
  status: embedded(3, ServiceCIDRStatus),
}
export interface ServiceCIDR extends TypeMeta, FieldsType<typeof serviceCIDR> {}
export interface ServiceCIDRInit extends TypeMeta, FieldsInit<typeof serviceCIDR> {}
/** A range that service addresses are taken from. */
export const ServiceCIDR: Kind<ServiceCIDR, ServiceCIDRInit> = kind(
  'ServiceCIDR',
  { plural: 'servicecidrs', namespaced: false },
  serviceCIDR,
)
