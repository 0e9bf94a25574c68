import { type FieldsType, list, type MessageSchema, map, optional, string } from '../../../schema/index.js'
import { message } from './declare.js'

const userInfo = {
  username: optional(1, string),
  uid: optional(2, string),
  groups: optional(3, list(string)),
  extra: optional(4, map(list(string, { type: 'none', wrapped: true }))),
}
export interface UserInfo extends FieldsType<typeof userInfo> {}
export const UserInfo: MessageSchema<UserInfo> = message('UserInfo', userInfo)
