import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  int64,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { DeviceConfiguration } from './device-configuration.js'
import { DeviceSelector } from './device-selector.js'
import { DeviceToleration } from './device-taint.js'

const deviceClaimConfiguration = {
  requests: optional(1, list(string)),
  deviceConfiguration: inline(2, DeviceConfiguration),
}
export interface DeviceClaimConfiguration extends FieldsType<typeof deviceClaimConfiguration> {}
export const DeviceClaimConfiguration: MessageSchema<DeviceClaimConfiguration> = message(
  'DeviceClaimConfiguration',
  deviceClaimConfiguration,
)

const deviceConstraint = {
  requests: optional(1, list(string)),
  matchAttribute: pointer(2, string),
  distinctAttribute: pointer(3, string),
}
export interface DeviceConstraint extends FieldsType<typeof deviceConstraint> {}
export const DeviceConstraint: MessageSchema<DeviceConstraint> = message('DeviceConstraint', deviceConstraint)

const capacityRequirements = { requests: optional(1, map(quantity)) }
export interface CapacityRequirements extends FieldsType<typeof capacityRequirements> {}
export const CapacityRequirements: MessageSchema<CapacityRequirements> = message(
  'CapacityRequirements',
  capacityRequirements,
)

const deviceSubRequest = {
  name: required(1, string),
  deviceClassName: required(2, string),
  selectors: optional(3, list(DeviceSelector)),
  allocationMode: optional(4, string, { enum: ['All', 'ExactCount'] }),
  count: optional(5, int64),
  tolerations: optional(6, list(DeviceToleration)),
  capacity: pointer(7, CapacityRequirements),
}
export interface DeviceSubRequest extends FieldsType<typeof deviceSubRequest> {}
export const DeviceSubRequest: MessageSchema<DeviceSubRequest> = message('DeviceSubRequest', deviceSubRequest)

const exactDeviceRequest = {
  deviceClassName: required(1, string),
  selectors: optional(2, list(DeviceSelector)),
  allocationMode: optional(3, string, { enum: ['All', 'ExactCount'] }),
  count: optional(4, int64),
  adminAccess: pointer(5, boolean),
  tolerations: optional(6, list(DeviceToleration)),
  capacity: pointer(7, CapacityRequirements),
}
export interface ExactDeviceRequest extends FieldsType<typeof exactDeviceRequest> {}
export const ExactDeviceRequest: MessageSchema<ExactDeviceRequest> = message('ExactDeviceRequest', exactDeviceRequest)

const deviceRequest = {
  name: required(1, string),
  exactly: pointer(2, ExactDeviceRequest),
  firstAvailable: optional(3, list(DeviceSubRequest)),
}
export interface DeviceRequest extends FieldsType<typeof deviceRequest> {}
export const DeviceRequest: MessageSchema<DeviceRequest> = message('DeviceRequest', deviceRequest)

const deviceClaim = {
  requests: embedded(1, list(DeviceRequest)),
  constraints: optional(2, list(DeviceConstraint)),
  config: optional(3, list(DeviceClaimConfiguration)),
}
export interface DeviceClaim extends FieldsType<typeof deviceClaim> {}
export interface DeviceClaimInit extends FieldsInit<typeof deviceClaim> {}
export const DeviceClaim: MessageSchema<DeviceClaim, DeviceClaimInit> = message('DeviceClaim', deviceClaim)

const resourceClaimSpec = { devices: embedded(1, DeviceClaim) }
export interface ResourceClaimSpec extends FieldsType<typeof resourceClaimSpec> {}
export interface ResourceClaimSpecInit extends FieldsInit<typeof resourceClaimSpec> {}
export const ResourceClaimSpec: MessageSchema<ResourceClaimSpec, ResourceClaimSpecInit> = message(
  'ResourceClaimSpec',
  resourceClaimSpec,
)
