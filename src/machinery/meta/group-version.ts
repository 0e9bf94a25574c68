import { type FieldsType, type MessageSchema, required, string } from '../../schema/index.js'
import { message } from './declare.js'

const groupVersionKind = {
  group: required(1, string),
  version: required(2, string),
  kind: required(3, string),
}
export interface GroupVersionKind extends FieldsType<typeof groupVersionKind> {}
export const GroupVersionKind: MessageSchema<GroupVersionKind> = message('GroupVersionKind', groupVersionKind)

const groupVersionResource = {
  group: required(1, string),
  version: required(2, string),
  resource: required(3, string),
}
export interface GroupVersionResource extends FieldsType<typeof groupVersionResource> {}
export const GroupVersionResource: MessageSchema<GroupVersionResource> = message(
  'GroupVersionResource',
  groupVersionResource,
)

const groupResource = {
  group: required(1, string),
  resource: required(2, string),
}
export interface GroupResource extends FieldsType<typeof groupResource> {}
export const GroupResource: MessageSchema<GroupResource> = message('GroupResource', groupResource)
