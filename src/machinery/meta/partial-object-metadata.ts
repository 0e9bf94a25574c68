import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  list,
  required,
  type TypeMeta,
} from '../../schema/index.js'
import { ListMeta } from './list-meta.js'
import { ObjectMeta } from './object-meta.js'

const partialObjectMetadata = {
  metadata: embedded(1, ObjectMeta),
}
export interface PartialObjectMetadata extends TypeMeta, FieldsType<typeof partialObjectMetadata> {}
export interface PartialObjectMetadataInit extends TypeMeta, FieldsInit<typeof partialObjectMetadata> {}
/** Any object cut down to its metadata, for clients that ask for no more. */
export const PartialObjectMetadata: Kind<PartialObjectMetadata, PartialObjectMetadataInit> = kind(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
  { group: 'meta.k8s.io', version: 'v1', plural: '', namespaced: false },
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
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList',
  { group: 'meta.k8s.io', version: 'v1', plural: '', namespaced: false },
  partialObjectMetadataList,
)
