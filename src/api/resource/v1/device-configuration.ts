import {
  type FieldsType,
  type MessageSchema,
  message,
  pointer,
  rawExtension,
  required,
  string,
} from '../../../schema/index.js'

const opaqueDeviceConfiguration = {
  driver: required(1, string),
  parameters: required(2, rawExtension),
}
export interface OpaqueDeviceConfiguration extends FieldsType<typeof opaqueDeviceConfiguration> {}
export const OpaqueDeviceConfiguration: MessageSchema<OpaqueDeviceConfiguration> = message(
  'k8s.io.api.resource.v1.OpaqueDeviceConfiguration',
  opaqueDeviceConfiguration,
)

const deviceConfiguration = {
  opaque: pointer(1, OpaqueDeviceConfiguration),
}
export interface DeviceConfiguration extends FieldsType<typeof deviceConfiguration> {}
export const DeviceConfiguration: MessageSchema<DeviceConfiguration> = message(
  'k8s.io.api.resource.v1.DeviceConfiguration',
  deviceConfiguration,
)
