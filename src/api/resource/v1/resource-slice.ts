import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { NodeSelector } from '../../core/v1/index.js'
import { kind, message } from './declare.js'
import { CounterSet, Device } from './device.js'

const resourcePool = {
  name: required(1, string),
  generation: required(2, int64),
  resourceSliceCount: required(3, int64),
}
export interface ResourcePool extends FieldsType<typeof resourcePool> {}
export const ResourcePool: MessageSchema<ResourcePool> = message('ResourcePool', resourcePool)

const resourceSliceSpec = {
  driver: required(1, string),
  pool: required(2, ResourcePool),
  nodeName: pointer(3, string),
  nodeSelector: pointer(4, NodeSelector),
  allNodes: pointer(5, boolean),
  devices: optional(6, list(Device)),
  perDeviceNodeSelection: pointer(7, boolean),
  sharedCounters: optional(8, list(CounterSet)),
}
export interface ResourceSliceSpec extends FieldsType<typeof resourceSliceSpec> {}
export const ResourceSliceSpec: MessageSchema<ResourceSliceSpec> = message('ResourceSliceSpec', resourceSliceSpec)

const resourceSlice = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, ResourceSliceSpec),
}
export interface ResourceSlice extends TypeMeta, FieldsType<typeof resourceSlice> {}
export interface ResourceSliceInit extends TypeMeta, FieldsInit<typeof resourceSlice> {}
/** Devices that a driver offers. */
export const ResourceSlice: Kind<ResourceSlice, ResourceSliceInit> = kind(
  'ResourceSlice',
  { plural: 'resourceslices', namespaced: false },
  resourceSlice,
)
