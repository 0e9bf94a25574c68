import { Condition, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  rawExtension,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { NodeSelector } from '../../core/v1/index.js'
import { kind, message } from './declare.js'
import { DeviceConfiguration } from './device-configuration.js'
import { DeviceToleration } from './device-taint.js'
import { ResourceClaimSpec } from './resource-claim-spec.js'

const networkDeviceData = {
  interfaceName: optional(1, string),
  ips: optional(2, list(string)),
  hardwareAddress: optional(3, string),
}
export interface NetworkDeviceData extends FieldsType<typeof networkDeviceData> {}
export const NetworkDeviceData: MessageSchema<NetworkDeviceData> = message('NetworkDeviceData', networkDeviceData)

const allocatedDeviceStatus = {
  driver: required(1, string),
  pool: required(2, string),
  device: required(3, string),
  shareID: pointer(7, string),
  conditions: embedded(4, keyed(Condition, ['type'])),
  data: pointer(5, rawExtension),
  networkData: pointer(6, NetworkDeviceData),
}
export interface AllocatedDeviceStatus extends FieldsType<typeof allocatedDeviceStatus> {}
export interface AllocatedDeviceStatusInit extends FieldsInit<typeof allocatedDeviceStatus> {}
export const AllocatedDeviceStatus: MessageSchema<AllocatedDeviceStatus, AllocatedDeviceStatusInit> = message(
  'AllocatedDeviceStatus',
  allocatedDeviceStatus,
)

const deviceAllocationConfiguration = {
  source: required(1, string, { enum: ['FromClaim', 'FromClass'] }),
  requests: optional(2, list(string)),
  deviceConfiguration: inline(3, DeviceConfiguration),
}
export interface DeviceAllocationConfiguration extends FieldsType<typeof deviceAllocationConfiguration> {}
export const DeviceAllocationConfiguration: MessageSchema<DeviceAllocationConfiguration> = message(
  'DeviceAllocationConfiguration',
  deviceAllocationConfiguration,
)

const deviceRequestAllocationResult = {
  request: required(1, string),
  driver: required(2, string),
  pool: required(3, string),
  device: required(4, string),
  adminAccess: pointer(5, boolean),
  tolerations: optional(6, list(DeviceToleration)),
  bindingConditions: optional(7, list(string)),
  bindingFailureConditions: optional(8, list(string)),
  shareID: pointer(9, string),
  consumedCapacity: optional(10, map(quantity)),
}
export interface DeviceRequestAllocationResult extends FieldsType<typeof deviceRequestAllocationResult> {}
export const DeviceRequestAllocationResult: MessageSchema<DeviceRequestAllocationResult> = message(
  'DeviceRequestAllocationResult',
  deviceRequestAllocationResult,
)

const deviceAllocationResult = {
  results: optional(1, list(DeviceRequestAllocationResult)),
  config: optional(2, list(DeviceAllocationConfiguration)),
}
export interface DeviceAllocationResult extends FieldsType<typeof deviceAllocationResult> {}
export const DeviceAllocationResult: MessageSchema<DeviceAllocationResult> = message(
  'DeviceAllocationResult',
  deviceAllocationResult,
)

const allocationResult = {
  devices: embedded(1, DeviceAllocationResult),
  nodeSelector: pointer(3, NodeSelector),
  allocationTimestamp: pointer(5, time),
}
export interface AllocationResult extends FieldsType<typeof allocationResult> {}
export interface AllocationResultInit extends FieldsInit<typeof allocationResult> {}
export const AllocationResult: MessageSchema<AllocationResult, AllocationResultInit> = message(
  'AllocationResult',
  allocationResult,
)

const resourceClaimConsumerReference = {
  apiGroup: optional(1, string),
  resource: required(3, string),
  name: required(4, string),
  uid: required(5, string),
}
export interface ResourceClaimConsumerReference extends FieldsType<typeof resourceClaimConsumerReference> {}
export const ResourceClaimConsumerReference: MessageSchema<ResourceClaimConsumerReference> = message(
  'ResourceClaimConsumerReference',
  resourceClaimConsumerReference,
)

const resourceClaimStatus = {
  allocation: pointer(1, AllocationResult),
  reservedFor: optional(2, keyed(ResourceClaimConsumerReference, ['uid'], 'uid')),
  devices: optional(4, keyed(AllocatedDeviceStatus, ['driver', 'device', 'pool', 'shareID'])),
}
export interface ResourceClaimStatus extends FieldsType<typeof resourceClaimStatus> {}
export interface ResourceClaimStatusInit extends FieldsInit<typeof resourceClaimStatus> {}
export const ResourceClaimStatus: MessageSchema<ResourceClaimStatus, ResourceClaimStatusInit> = message(
  'ResourceClaimStatus',
  resourceClaimStatus,
)

const resourceClaim = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, ResourceClaimSpec),
  status: embedded(3, ResourceClaimStatus),
}
export interface ResourceClaim extends TypeMeta, FieldsType<typeof resourceClaim> {}
export interface ResourceClaimInit extends TypeMeta, FieldsInit<typeof resourceClaim> {}
/** A request for devices, shared by the pods that name it. */
export const ResourceClaim: Kind<ResourceClaim, ResourceClaimInit> = kind(
  'ResourceClaim',
  { plural: 'resourceclaims', namespaced: true },
  resourceClaim,
)
