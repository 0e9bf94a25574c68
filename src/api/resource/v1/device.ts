import {
  boolean,
  type FieldsType,
  int64,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { NodeSelector } from '../../core/v1/index.js'
import { message } from './declare.js'
import { DeviceTaint } from './device-taint.js'

const counter = { value: required(1, quantity) }
export interface Counter extends FieldsType<typeof counter> {}
export const Counter: MessageSchema<Counter> = message('Counter', counter)

const counterSet = {
  name: required(1, string),
  counters: optional(2, map(Counter), { required: true }),
}
export interface CounterSet extends FieldsType<typeof counterSet> {}
export const CounterSet: MessageSchema<CounterSet> = message('CounterSet', counterSet)

const capacityRequestPolicyRange = {
  min: pointer(1, quantity, { required: true }),
  max: pointer(2, quantity),
  step: pointer(3, quantity),
}
export interface CapacityRequestPolicyRange extends FieldsType<typeof capacityRequestPolicyRange> {}
export const CapacityRequestPolicyRange: MessageSchema<CapacityRequestPolicyRange> = message(
  'CapacityRequestPolicyRange',
  capacityRequestPolicyRange,
)

const capacityRequestPolicy = {
  default: nullable(1, quantity),
  validValues: optional(3, list(quantity)),
  validRange: pointer(4, CapacityRequestPolicyRange),
}
export interface CapacityRequestPolicy extends FieldsType<typeof capacityRequestPolicy> {}
export const CapacityRequestPolicy: MessageSchema<CapacityRequestPolicy> = message(
  'CapacityRequestPolicy',
  capacityRequestPolicy,
)

const deviceCapacity = {
  value: required(1, quantity),
  requestPolicy: pointer(2, CapacityRequestPolicy),
}
export interface DeviceCapacity extends FieldsType<typeof deviceCapacity> {}
export const DeviceCapacity: MessageSchema<DeviceCapacity> = message('DeviceCapacity', deviceCapacity)

const deviceAttribute = {
  int: pointer(2, int64),
  bool: pointer(3, boolean),
  string: pointer(4, string),
  version: pointer(5, string),
  ints: optional(6, list(int64)),
  bools: optional(7, list(boolean)),
  strings: optional(8, list(string)),
  versions: optional(9, list(string)),
}
export interface DeviceAttribute extends FieldsType<typeof deviceAttribute> {}
export const DeviceAttribute: MessageSchema<DeviceAttribute> = message('DeviceAttribute', deviceAttribute)

const deviceCounterConsumption = {
  counterSet: required(1, string),
  counters: optional(2, map(Counter), { required: true }),
}
export interface DeviceCounterConsumption extends FieldsType<typeof deviceCounterConsumption> {}
export const DeviceCounterConsumption: MessageSchema<DeviceCounterConsumption> = message(
  'DeviceCounterConsumption',
  deviceCounterConsumption,
)

const nodeAllocatableResourceMapping = {
  capacityKey: pointer(1, string),
  allocationMultiplier: pointer(2, quantity),
}
export interface NodeAllocatableResourceMapping extends FieldsType<typeof nodeAllocatableResourceMapping> {}
export const NodeAllocatableResourceMapping: MessageSchema<NodeAllocatableResourceMapping> = message(
  'NodeAllocatableResourceMapping',
  nodeAllocatableResourceMapping,
)

const device = {
  name: required(1, string),
  attributes: optional(2, map(DeviceAttribute)),
  capacity: optional(3, map(DeviceCapacity)),
  consumesCounters: optional(4, list(DeviceCounterConsumption)),
  nodeName: pointer(5, string),
  nodeSelector: pointer(6, NodeSelector),
  allNodes: pointer(7, boolean),
  taints: optional(8, list(DeviceTaint)),
  bindsToNode: pointer(9, boolean),
  bindingConditions: optional(10, list(string)),
  bindingFailureConditions: optional(11, list(string)),
  allowMultipleAllocations: pointer(12, boolean),
  nodeAllocatableResourceMappings: optional(13, map(NodeAllocatableResourceMapping)),
}
export interface Device extends FieldsType<typeof device> {}
export const Device: MessageSchema<Device> = message('Device', device)
