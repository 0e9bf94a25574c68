import { type FieldsType, type MessageSchema, pointer, rawExtension, required, string } from '../../../schema/index.js'
import { message } from './declare.js'

const opaqueDeviceConfiguration = {
  driver: required(1, string),
  parameters: required(2, rawExtension),
}
export interface OpaqueDeviceConfiguration extends FieldsType<typeof opaqueDeviceConfiguration> {}
export const OpaqueDeviceConfiguration: MessageSchema<OpaqueDeviceConfiguration> = message(
  'OpaqueDeviceConfiguration',
  opaqueDeviceConfiguration,
)

const deviceConfiguration = { opaque: pointer(1, OpaqueDeviceConfiguration) }
export interface DeviceConfiguration extends FieldsType<typeof deviceConfiguration> {}
export const DeviceConfiguration: MessageSchema<DeviceConfiguration> = message(
  'DeviceConfiguration',
  deviceConfiguration,
)
