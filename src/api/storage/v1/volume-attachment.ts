import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { PersistentVolumeSpec } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const volumeAttachmentSource = {
  persistentVolumeName: pointer(1, string),
  inlineVolumeSpec: pointer(2, PersistentVolumeSpec),
}
export interface VolumeAttachmentSource extends FieldsType<typeof volumeAttachmentSource> {}
export const VolumeAttachmentSource: MessageSchema<VolumeAttachmentSource> = message(
  'VolumeAttachmentSource',
  volumeAttachmentSource,
)

const volumeAttachmentSpec = {
  attacher: required(1, string),
  source: required(2, VolumeAttachmentSource),
  nodeName: required(3, string),
}
export interface VolumeAttachmentSpec extends FieldsType<typeof volumeAttachmentSpec> {}
export const VolumeAttachmentSpec: MessageSchema<VolumeAttachmentSpec> = message(
  'VolumeAttachmentSpec',
  volumeAttachmentSpec,
)

const volumeError = {
  time: nullable(1, time),
  message: optional(2, string),
  errorCode: pointer(3, int32),
}
export interface VolumeError extends FieldsType<typeof volumeError> {}
export const VolumeError: MessageSchema<VolumeError> = message('VolumeError', volumeError)

const volumeAttachmentStatus = {
  attached: required(1, boolean),
  attachmentMetadata: optional(2, map(string)),
  attachError: pointer(3, VolumeError),
  detachError: pointer(4, VolumeError),
}
export interface VolumeAttachmentStatus extends FieldsType<typeof volumeAttachmentStatus> {}
export const VolumeAttachmentStatus: MessageSchema<VolumeAttachmentStatus> = message(
  'VolumeAttachmentStatus',
  volumeAttachmentStatus,
)

const volumeAttachment = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, VolumeAttachmentSpec),
  status: embedded(3, VolumeAttachmentStatus),
}
export interface VolumeAttachment extends TypeMeta, FieldsType<typeof volumeAttachment> {}
export interface VolumeAttachmentInit extends TypeMeta, FieldsInit<typeof volumeAttachment> {}
/** Asks for a volume to be attached to a node. */
export const VolumeAttachment: Kind<VolumeAttachment, VolumeAttachmentInit> = kind(
  'VolumeAttachment',
  { plural: 'volumeattachments', namespaced: false },
  volumeAttachment,
)
