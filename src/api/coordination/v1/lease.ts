import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  type MessageSchema,
  microTime,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const leaseSpec = {
  holderIdentity: pointer(1, string),
  leaseDurationSeconds: pointer(2, int32),
  acquireTime: pointer(3, microTime),
  renewTime: pointer(4, microTime),
  leaseTransitions: pointer(5, int32),
  strategy: pointer(6, string),
  preferredHolder: pointer(7, string),
}
export interface LeaseSpec extends FieldsType<typeof leaseSpec> {}
export const LeaseSpec: MessageSchema<LeaseSpec> = message('LeaseSpec', leaseSpec)

const lease = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, LeaseSpec),
}
export interface Lease extends TypeMeta, FieldsType<typeof lease> {}
export interface LeaseInit extends TypeMeta, FieldsInit<typeof lease> {}
/** A lock with a holder and a time to live: leader election, node heartbeats. */
export const Lease: Kind<Lease, LeaseInit> = kind('Lease', { plural: 'leases', namespaced: true }, lease)
