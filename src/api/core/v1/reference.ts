import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const objectReference = {
  kind: optional(1, string),
  namespace: optional(2, string),
  name: optional(3, string),
  uid: optional(4, string),
  apiVersion: optional(5, string),
  resourceVersion: optional(6, string),
  fieldPath: optional(7, string),
}
export interface ObjectReference extends FieldsType<typeof objectReference> {}
export const ObjectReference: MessageSchema<ObjectReference> = message('ObjectReference', objectReference, {
  atomic: true,
})

const localObjectReference = { name: optional(1, string, { default: '' }) }
export interface LocalObjectReference extends FieldsType<typeof localObjectReference> {}
export const LocalObjectReference: MessageSchema<LocalObjectReference> = message(
  'LocalObjectReference',
  localObjectReference,
  { atomic: true },
)

const typedLocalObjectReference = {
  apiGroup: nullable(1, string),
  kind: required(2, string),
  name: required(3, string),
}
export interface TypedLocalObjectReference extends FieldsType<typeof typedLocalObjectReference> {}
export const TypedLocalObjectReference: MessageSchema<TypedLocalObjectReference> = message(
  'TypedLocalObjectReference',
  typedLocalObjectReference,
  { atomic: true },
)

const typedObjectReference = {
  apiGroup: nullable(1, string),
  kind: required(2, string),
  name: required(3, string),
  namespace: pointer(4, string),
}
export interface TypedObjectReference extends FieldsType<typeof typedObjectReference> {}
export const TypedObjectReference: MessageSchema<TypedObjectReference> = message(
  'TypedObjectReference',
  typedObjectReference,
)

const secretReference = {
  name: optional(1, string),
  namespace: optional(2, string),
}
export interface SecretReference extends FieldsType<typeof secretReference> {}
export const SecretReference: MessageSchema<SecretReference> = message('SecretReference', secretReference, {
  atomic: true,
})

const serializedReference = { reference: embedded(1, ObjectReference) }
export interface SerializedReference extends TypeMeta, FieldsType<typeof serializedReference> {}
export interface SerializedReferenceInit extends TypeMeta, FieldsInit<typeof serializedReference> {}
/** A reference to an object as a document of its own. */
export const SerializedReference: Kind<SerializedReference, SerializedReferenceInit> = kind(
  'SerializedReference',
  { plural: '', namespaced: false },
  serializedReference,
)
