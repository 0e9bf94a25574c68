import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../schema/index.js'
import { coreKind, message } from './declare.js'

const serverAddressByClientCIDR = {
  clientCIDR: required(1, string),
  serverAddress: required(2, string),
}
export interface ServerAddressByClientCIDR extends FieldsType<typeof serverAddressByClientCIDR> {}
export const ServerAddressByClientCIDR: MessageSchema<ServerAddressByClientCIDR> = message(
  'ServerAddressByClientCIDR',
  serverAddressByClientCIDR,
)

const groupVersionForDiscovery = {
  groupVersion: required(1, string),
  version: required(2, string),
}
export interface GroupVersionForDiscovery extends FieldsType<typeof groupVersionForDiscovery> {}
export const GroupVersionForDiscovery: MessageSchema<GroupVersionForDiscovery> = message(
  'GroupVersionForDiscovery',
  groupVersionForDiscovery,
)

const apiVersions = {
  versions: required(1, list(string)),
  serverAddressByClientCIDRs: required(2, list(ServerAddressByClientCIDR)),
}
export interface APIVersions extends TypeMeta, FieldsType<typeof apiVersions> {}
/** What `/api` answers. */
export const APIVersions: Kind<APIVersions> = coreKind('APIVersions', { plural: '', namespaced: false }, apiVersions)

const apiGroup = {
  name: required(1, string),
  versions: required(2, list(GroupVersionForDiscovery)),
  preferredVersion: embedded(3, GroupVersionForDiscovery),
  serverAddressByClientCIDRs: optional(4, list(ServerAddressByClientCIDR)),
}
export interface APIGroup extends TypeMeta, FieldsType<typeof apiGroup> {}
export interface APIGroupInit extends TypeMeta, FieldsInit<typeof apiGroup> {}
/** One group of the API and the versions it is served in. */
export const APIGroup: Kind<APIGroup, APIGroupInit> = coreKind('APIGroup', { plural: '', namespaced: false }, apiGroup)

const apiGroupList = { groups: required(1, list(APIGroup)) }
export interface APIGroupList extends TypeMeta, FieldsType<typeof apiGroupList> {}
export interface APIGroupListInit extends TypeMeta, FieldsInit<typeof apiGroupList> {}
/** What `/apis` answers. */
export const APIGroupList: Kind<APIGroupList, APIGroupListInit> = coreKind(
  'APIGroupList',
  { plural: '', namespaced: false },
  apiGroupList,
)

const apiResource = {
  name: required(1, string),
  singularName: required(6, string),
  namespaced: required(2, boolean),
  group: optional(8, string),
  version: optional(9, string),
  kind: required(3, string),
  verbs: required(4, list(string, { type: 'none', wrapped: true })),
  shortNames: optional(5, list(string)),
  categories: optional(7, list(string)),
  storageVersionHash: optional(10, string),
}
export interface APIResource extends FieldsType<typeof apiResource> {}
export const APIResource: MessageSchema<APIResource> = message('APIResource', apiResource)

const apiResourceList = {
  groupVersion: required(1, string),
  resources: required(2, list(APIResource)),
}
export interface APIResourceList extends TypeMeta, FieldsType<typeof apiResourceList> {}
/** What `/apis/GROUP/VERSION` answers. */
export const APIResourceList: Kind<APIResourceList> = coreKind(
  'APIResourceList',
  { plural: '', namespaced: false },
  apiResourceList,
)
