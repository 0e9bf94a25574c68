import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  map,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const volumeAttributesClass = {
  metadata: embedded(1, ObjectMeta),
  driverName: required(2, string),
  parameters: optional(3, map(string)),
}
export interface VolumeAttributesClass extends TypeMeta, FieldsType<typeof volumeAttributesClass> {}
export interface VolumeAttributesClassInit extends TypeMeta, FieldsInit<typeof volumeAttributesClass> {}
/** A set of volume attributes that may be changed on a live volume. */
export const VolumeAttributesClass: Kind<VolumeAttributesClass, VolumeAttributesClassInit> = kind(
  'VolumeAttributesClass',
  { plural: 'volumeattributesclasses', namespaced: false },
  volumeAttributesClass,
)
