import { type FieldsType, type MessageSchema, message, rawExtension, required, string } from '../../schema/index.js'

const watchEvent = {
  type: required(1, string),
  object: required(2, rawExtension),
}
export interface WatchEvent extends FieldsType<typeof watchEvent> {}
export const WatchEvent: MessageSchema<WatchEvent> = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.WatchEvent',
  watchEvent,
)
