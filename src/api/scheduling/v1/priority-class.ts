import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const priorityClass = {
  metadata: embedded(1, ObjectMeta),
  value: embedded(2, int32),
  globalDefault: optional(3, boolean),
  description: optional(4, string),
  preemptionPolicy: pointer(5, string, { enum: ['Never', 'PreemptLowerPriority'] }),
}
export interface PriorityClass extends TypeMeta, FieldsType<typeof priorityClass> {}
export interface PriorityClassInit extends TypeMeta, FieldsInit<typeof priorityClass> {}
/** A name for a pod priority. */
export const PriorityClass: Kind<PriorityClass, PriorityClassInit> = kind(
  'PriorityClass',
  { plural: 'priorityclasses', namespaced: false },
  priorityClass,
)
