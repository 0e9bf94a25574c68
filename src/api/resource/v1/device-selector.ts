import { type FieldsType, type MessageSchema, pointer, required, string } from '../../../schema/index.js'
import { message } from './declare.js'

const celDeviceSelector = { expression: required(1, string) }
export interface CELDeviceSelector extends FieldsType<typeof celDeviceSelector> {}
export const CELDeviceSelector: MessageSchema<CELDeviceSelector> = message('CELDeviceSelector', celDeviceSelector)

const deviceSelector = { cel: pointer(1, CELDeviceSelector) }
export interface DeviceSelector extends FieldsType<typeof deviceSelector> {}
export const DeviceSelector: MessageSchema<DeviceSelector> = message('DeviceSelector', deviceSelector)
