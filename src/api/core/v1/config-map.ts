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

const configMap = {
  metadata: embedded(1, ObjectMeta),
  immutable: pointer(4, boolean),
  data: optional(2, map(string)),
  binaryData: optional(3, map(bytes)),
}
export interface ConfigMap extends TypeMeta, FieldsType<typeof configMap> {}
export interface ConfigMapInit extends TypeMeta, FieldsInit<typeof configMap> {}
/** Configuration for pods to consume. */
export const ConfigMap: Kind<ConfigMap, ConfigMapInit> = kind(
  'ConfigMap',
  { plural: 'configmaps', namespaced: true },
  configMap,
)
