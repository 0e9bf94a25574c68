import { type FieldsType, type MessageSchema, rawExtension, required, string } from '../../schema/index.js'
import { message } from './declare.js'

const watchEvent = {
  type: required(1, string),
  object: required(2, rawExtension),
}
export interface WatchEvent extends FieldsType<typeof watchEvent> {}
export const WatchEvent: MessageSchema<WatchEvent> = message('WatchEvent', watchEvent)
