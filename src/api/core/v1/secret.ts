import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  map,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const secret = {
  metadata: embedded(1, ObjectMeta),
  immutable: pointer(5, boolean),
  data: optional(2, map(bytes)),
  stringData: optional(4, map(string)),
  type: optional(3, string),
}
export interface Secret extends TypeMeta, FieldsType<typeof secret> {}
export interface SecretInit extends TypeMeta, FieldsInit<typeof secret> {}
/** Confidential data of some type, at most 1 MiB. */
export const Secret: Kind<Secret, SecretInit> = kind('Secret', { plural: 'secrets', namespaced: true }, secret)
