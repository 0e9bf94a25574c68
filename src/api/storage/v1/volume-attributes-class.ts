import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  map,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'

const volumeAttributesClass = {
  metadata: embedded(1, ObjectMeta),
  driverName: required(2, string),
  parameters: optional(3, map(string)),
}
export interface VolumeAttributesClass extends TypeMeta, FieldsType<typeof volumeAttributesClass> {}
export interface VolumeAttributesClassInit extends TypeMeta, FieldsInit<typeof volumeAttributesClass> {}
/** A set of volume attributes that may be changed on a live volume. */
export const VolumeAttributesClass: Kind<VolumeAttributesClass, VolumeAttributesClassInit> = kind(
  'k8s.io.api.storage.v1.VolumeAttributesClass',
  { group: 'storage.k8s.io', version: 'v1', plural: 'volumeattributesclasses', namespaced: false },
  volumeAttributesClass,
)
