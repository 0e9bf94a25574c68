import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  keyed,
  list,
  optional,
  pointer,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'
import { LocalObjectReference, ObjectReference } from './reference.js'

const serviceAccount = {
  metadata: embedded(1, ObjectMeta),
  secrets: optional(2, keyed(ObjectReference, ['name'], 'name')),
  imagePullSecrets: optional(3, list(LocalObjectReference)),
  automountServiceAccountToken: pointer(4, boolean),
}
export interface ServiceAccount extends TypeMeta, FieldsType<typeof serviceAccount> {}
export interface ServiceAccountInit extends TypeMeta, FieldsInit<typeof serviceAccount> {}
/** An identity for processes in pods. */
export const ServiceAccount: Kind<ServiceAccount, ServiceAccountInit> = kind(
  'ServiceAccount',
  { plural: 'serviceaccounts', namespaced: true },
  serviceAccount,
)
