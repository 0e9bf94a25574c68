import { ListMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  rawExtension,
  required,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const listFields = {
  metadata: embedded(1, ListMeta),
  items: required(2, list(rawExtension, { type: 'none' })),
}
export interface List extends TypeMeta, FieldsType<typeof listFields> {}
export interface ListInit extends TypeMeta, FieldsInit<typeof listFields> {}
/** Objects of any kinds in one document, as kubectl reads and prints them. */
export const List: Kind<List, ListInit> = kind('List', { plural: '', namespaced: false }, listFields)
