import { GroupVersionKind, ListMeta, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const apiSubresourceDiscovery = {
  subresource: required(1, string),
  responseKind: pointer(2, GroupVersionKind),
  acceptedTypes: optional(3, list(GroupVersionKind, { type: 'none' })),
  verbs: required(4, list(string, { type: 'none' })),
}
export interface APISubresourceDiscovery extends FieldsType<typeof apiSubresourceDiscovery> {}
export const APISubresourceDiscovery: MessageSchema<APISubresourceDiscovery> = message(
  'APISubresourceDiscovery',
  apiSubresourceDiscovery,
)

const apiResourceDiscovery = {
  resource: required(1, string),
  responseKind: pointer(2, GroupVersionKind),
  scope: required(3, string),
  singularResource: required(4, string),
  verbs: required(5, list(string, { type: 'none' })),
  shortNames: optional(6, list(string, { type: 'none' })),
  categories: optional(7, list(string, { type: 'none' })),
  subresources: optional(8, list(APISubresourceDiscovery, { type: 'none' })),
}
export interface APIResourceDiscovery extends FieldsType<typeof apiResourceDiscovery> {}
export const APIResourceDiscovery: MessageSchema<APIResourceDiscovery> = message(
  'APIResourceDiscovery',
  apiResourceDiscovery,
)

const apiVersionDiscovery = {
  version: required(1, string),
  resources: optional(2, list(APIResourceDiscovery, { type: 'none' })),
  freshness: optional(3, string),
}
export interface APIVersionDiscovery extends FieldsType<typeof apiVersionDiscovery> {}
export const APIVersionDiscovery: MessageSchema<APIVersionDiscovery> = message(
  'APIVersionDiscovery',
  apiVersionDiscovery,
)

const apiGroupDiscovery = {
  metadata: embedded(1, ObjectMeta),
  versions: optional(2, list(APIVersionDiscovery, { type: 'none' })),
}
export interface APIGroupDiscovery extends TypeMeta, FieldsType<typeof apiGroupDiscovery> {}
export interface APIGroupDiscoveryInit extends TypeMeta, FieldsInit<typeof apiGroupDiscovery> {}
/** Aggregated discovery of one group. */
export const APIGroupDiscovery: Kind<APIGroupDiscovery, APIGroupDiscoveryInit> = kind(
  'APIGroupDiscovery',
  { plural: '', namespaced: false },
  apiGroupDiscovery,
)

const apiGroupDiscoveryList = {
  metadata: embedded(1, ListMeta),
  items: required(2, list(APIGroupDiscovery, { type: 'none' })),
}
export interface APIGroupDiscoveryList extends TypeMeta, FieldsType<typeof apiGroupDiscoveryList> {}
export interface APIGroupDiscoveryListInit extends TypeMeta, FieldsInit<typeof apiGroupDiscoveryList> {}
/** Aggregated discovery: every group, version and resource in one document. */
export const APIGroupDiscoveryList: Kind<APIGroupDiscoveryList, APIGroupDiscoveryListInit> = kind(
  'APIGroupDiscoveryList',
  { plural: '', namespaced: false },
  apiGroupDiscoveryList,
)
