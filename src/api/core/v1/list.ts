import { ListMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  list,
  rawExtension,
  required,
  type TypeMeta,
} from '../../../schema/index.js'

const listFields = {
  metadata: embedded(1, ListMeta),
  items: required(2, list(rawExtension, { type: 'none' })),
}
export interface List extends TypeMeta, FieldsType<typeof listFields> {}
export interface ListInit extends TypeMeta, FieldsInit<typeof listFields> {}
/** Objects of any kinds in one document, as kubectl reads and prints them. */
export const List: Kind<List, ListInit> = kind(
  'k8s.io.api.core.v1.List',
  { group: '', version: 'v1', plural: '', namespaced: false },
  listFields,
)
