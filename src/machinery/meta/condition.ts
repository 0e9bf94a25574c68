import { type FieldsType, int64, type MessageSchema, optional, required, string, time } from '../../schema/index.js'
import { message } from './declare.js'

const condition = {
  type: required(1, string),
  status: required(2, string),
  observedGeneration: optional(3, int64),
  lastTransitionTime: required(4, time),
  reason: required(5, string),
  message: required(6, string),
}
export interface Condition extends FieldsType<typeof condition> {}
export const Condition: MessageSchema<Condition> = message('Condition', condition)
