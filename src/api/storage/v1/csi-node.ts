import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const volumeNodeResources = { count: pointer(1, int32) }
export interface VolumeNodeResources extends FieldsType<typeof volumeNodeResources> {}
export const VolumeNodeResources: MessageSchema<VolumeNodeResources> = message(
  'VolumeNodeResources',
  volumeNodeResources,
)

const csiNodeDriver = {
  name: required(1, string),
  nodeID: required(2, string),
  topologyKeys: embedded(3, list(string)),
  allocatable: pointer(4, VolumeNodeResources),
}
export interface CSINodeDriver extends FieldsType<typeof csiNodeDriver> {}
export interface CSINodeDriverInit extends FieldsInit<typeof csiNodeDriver> {}
export const CSINodeDriver: MessageSchema<CSINodeDriver, CSINodeDriverInit> = message('CSINodeDriver', csiNodeDriver)

const csiNodeSpec = { drivers: required(1, keyed(CSINodeDriver, ['name'], 'name')) }
export interface CSINodeSpec extends FieldsType<typeof csiNodeSpec> {}
export interface CSINodeSpecInit extends FieldsInit<typeof csiNodeSpec> {}
export const CSINodeSpec: MessageSchema<CSINodeSpec, CSINodeSpecInit> = message('CSINodeSpec', csiNodeSpec)

const csiNode = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, CSINodeSpec),
}
export interface CSINode extends TypeMeta, FieldsType<typeof csiNode> {}
export interface CSINodeInit extends TypeMeta, FieldsInit<typeof csiNode> {}
/** The CSI drivers of a node. */
export const CSINode: Kind<CSINode, CSINodeInit> = kind('CSINode', { plural: 'csinodes', namespaced: false }, csiNode)
