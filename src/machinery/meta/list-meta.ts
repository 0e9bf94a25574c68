import { type FieldsType, int64, type MessageSchema, optional, pointer, required, string } from '../../schema/index.js'
import { message } from './declare.js'

const shardInfo = { selector: required(1, string) }
export interface ShardInfo extends FieldsType<typeof shardInfo> {}
export const ShardInfo: MessageSchema<ShardInfo> = message('ShardInfo', shardInfo)

const listMeta = {
  selfLink: optional(1, string),
  resourceVersion: optional(2, string),
  continue: optional(3, string),
  remainingItemCount: pointer(4, int64),
  shardInfo: pointer(5, ShardInfo),
}
export interface ListMeta extends FieldsType<typeof listMeta> {}
export const ListMeta: MessageSchema<ListMeta> = message('ListMeta', listMeta)
