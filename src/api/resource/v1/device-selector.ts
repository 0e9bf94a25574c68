import { type FieldsType, type MessageSchema, message, pointer, required, string } from '../../../schema/index.js'

const celDeviceSelector = {
  expression: required(1, string),
}
export interface CELDeviceSelector extends FieldsType<typeof celDeviceSelector> {}
export const CELDeviceSelector: MessageSchema<CELDeviceSelector> = message(
  'k8s.io.api.resource.v1.CELDeviceSelector',
  celDeviceSelector,
)

const deviceSelector = {
  cel: pointer(1, CELDeviceSelector),
}
export interface DeviceSelector extends FieldsType<typeof deviceSelector> {}
export const DeviceSelector: MessageSchema<DeviceSelector> = message(
  'k8s.io.api.resource.v1.DeviceSelector',
  deviceSelector,
)
