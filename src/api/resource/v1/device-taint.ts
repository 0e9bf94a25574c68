import {
  type FieldsType,
  int64,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  time,
} from '../../../schema/index.js'
import { message } from './declare.js'

const deviceTaint = {
  key: required(1, string),
  value: optional(2, string),
  effect: required(3, string, { enum: ['NoExecute', 'NoSchedule', 'None'] }),
  timeAdded: pointer(4, time),
}
export interface DeviceTaint extends FieldsType<typeof deviceTaint> {}
export const DeviceTaint: MessageSchema<DeviceTaint> = message('DeviceTaint', deviceTaint)

const deviceToleration = {
  key: optional(1, string),
  operator: optional(2, string, { default: 'Equal', enum: ['Equal', 'Exists'] }),
  value: optional(3, string),
  effect: optional(4, string, { enum: ['NoExecute', 'NoSchedule', 'None'] }),
  tolerationSeconds: pointer(5, int64),
}
export interface DeviceToleration extends FieldsType<typeof deviceToleration> {}
export const DeviceToleration: MessageSchema<DeviceToleration> = message('DeviceToleration', deviceToleration)
