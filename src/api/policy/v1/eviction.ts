import { DeleteOptions, ObjectMeta } from '../../../machinery/meta/index.js'
import { embedded, type FieldsInit, type FieldsType, type Kind, pointer, type TypeMeta } from '../../../schema/index.js'
import { kind } from './declare.js'

const eviction = {
  metadata: embedded(1, ObjectMeta),
  deleteOptions: pointer(2, DeleteOptions),
}
export interface Eviction extends TypeMeta, FieldsType<typeof eviction> {}
export interface EvictionInit extends TypeMeta, FieldsInit<typeof eviction> {}
/** Asks for a pod to go away as its disruption budget allows: the body of `pods/eviction`. */
export const Eviction: Kind<Eviction, EvictionInit> = kind('Eviction', { plural: '', namespaced: true }, eviction)
