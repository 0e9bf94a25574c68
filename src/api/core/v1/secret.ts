import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  map,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'

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
export const Secret: Kind<Secret, SecretInit> = kind(
  'k8s.io.api.core.v1.Secret',
  { group: '', version: 'v1', plural: 'secrets', namespaced: true },
  secret,
)
