import {
  boolean,
  type FieldsType,
  fieldsV1,
  int64,
  keyed,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  set,
  string,
  time,
} from '../../schema/index.js'
import { message } from './declare.js'

const ownerReference = {
  apiVersion: required(5, string),
  kind: required(1, string),
  name: required(3, string),
  uid: required(4, string),
  controller: pointer(6, boolean),
  blockOwnerDeletion: pointer(7, boolean),
}
export interface OwnerReference extends FieldsType<typeof ownerReference> {}
export const OwnerReference: MessageSchema<OwnerReference> = message('OwnerReference', ownerReference, { atomic: true })

const managedFieldsEntry = {
  manager: optional(1, string),
  operation: optional(2, string),
  apiVersion: optional(3, string),
  time: pointer(4, time),
  fieldsType: optional(6, string),
  fieldsV1: pointer(7, fieldsV1),
  subresource: optional(8, string),
}
export interface ManagedFieldsEntry extends FieldsType<typeof managedFieldsEntry> {}
export const ManagedFieldsEntry: MessageSchema<ManagedFieldsEntry> = message('ManagedFieldsEntry', managedFieldsEntry)

const objectMeta = {
  name: optional(1, string),
  generateName: optional(2, string),
  namespace: optional(3, string),
  selfLink: optional(4, string),
  uid: optional(5, string),
  resourceVersion: optional(6, string),
  generation: optional(7, int64),
  creationTimestamp: optional(8, time),
  deletionTimestamp: pointer(9, time),
  deletionGracePeriodSeconds: pointer(10, int64),
  labels: optional(11, map(string)),
  annotations: optional(12, map(string)),
  ownerReferences: optional(13, keyed(OwnerReference, ['uid'], 'uid')),
  finalizers: optional(14, set(string, 'merge')),
  managedFields: optional(17, list(ManagedFieldsEntry)),
}
export interface ObjectMeta extends FieldsType<typeof objectMeta> {}
export const ObjectMeta: MessageSchema<ObjectMeta> = message('ObjectMeta', objectMeta)
