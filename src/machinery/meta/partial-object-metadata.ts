import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  required,
  type TypeMeta,
} from '../../schema/index.js'
import { kind } from './declare.js'
import { ListMeta } from './list-meta.js'
import { ObjectMeta } from './object-meta.js'

const partialObjectMetadata = { metadata: embedded(1, ObjectMeta) }
export interface PartialObjectMetadata extends TypeMeta, FieldsType<typeof partialObjectMetadata> {}
export interface PartialObjectMetadataInit extends TypeMeta, FieldsInit<typeof partialObjectMetadata> {}
/** Any object cut down to its metadata, for clients that ask for no more. */
export const PartialObjectMetadata: Kind<PartialObjectMetadata, PartialObjectMetadataInit> = kind(
  'PartialObjectMetadata',
  { plural: '', namespaced: false },
  partialObjectMetadata,
)

const partialObjectMetadataList = {
  metadata: embedded(1, ListMeta),
  items: required(2, list(PartialObjectMetadata, { type: 'none' })),
}
export interface PartialObjectMetadataList extends TypeMeta, FieldsType<typeof partialObjectMetadataList> {}
export interface PartialObjectMetadataListInit extends TypeMeta, FieldsInit<typeof partialObjectMetadataList> {}
/** A list of objects cut down to their metadata. */
export const PartialObjectMetadataList: Kind<PartialObjectMetadataList, PartialObjectMetadataListInit> = kind(
  'PartialObjectMetadataList',
  { plural: '', namespaced: false },
  partialObjectMetadataList,
)
