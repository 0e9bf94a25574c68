import {
  boolean,
  type FieldsInit,
  type FieldsType,
  inline,
  type MessageSchema,
  map,
  optional,
  pointer,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { PersistentVolumeClaimTemplate } from './persistent-volume-claim.js'
import { LocalObjectReference } from './reference.js'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume-plugins.js'
import {
  ConfigMapVolumeSource,
  DownwardAPIVolumeSource,
  ProjectedVolumeSource,
  SecretVolumeSource,
} from './volume-projection.js'

const csiVolumeSource = {
  driver: required(1, string),
  readOnly: pointer(2, boolean),
  fsType: pointer(3, string),
  volumeAttributes: optional(4, map(string)),
  nodePublishSecretRef: pointer(5, LocalObjectReference),
}
export interface CSIVolumeSource extends FieldsType<typeof csiVolumeSource> {}
export const CSIVolumeSource: MessageSchema<CSIVolumeSource> = message('CSIVolumeSource', csiVolumeSource)

const emptyDirVolumeSource = {
  medium: optional(1, string),
  sizeLimit: pointer(2, quantity),
}
export interface EmptyDirVolumeSource extends FieldsType<typeof emptyDirVolumeSource> {}
export const EmptyDirVolumeSource: MessageSchema<EmptyDirVolumeSource> = message(
  'EmptyDirVolumeSource',
  emptyDirVolumeSource,
)

const ephemeralVolumeSource = { volumeClaimTemplate: pointer(1, PersistentVolumeClaimTemplate) }
export interface EphemeralVolumeSource extends FieldsType<typeof ephemeralVolumeSource> {}
export interface EphemeralVolumeSourceInit extends FieldsInit<typeof ephemeralVolumeSource> {}
export const EphemeralVolumeSource: MessageSchema<EphemeralVolumeSource, EphemeralVolumeSourceInit> = message(
  'EphemeralVolumeSource',
  ephemeralVolumeSource,
)

const imageVolumeSource = {
  reference: optional(1, string),
  pullPolicy: optional(2, string, { enum: ['Always', 'IfNotPresent', 'Never'] }),
}
export interface ImageVolumeSource extends FieldsType<typeof imageVolumeSource> {}
export const ImageVolumeSource: MessageSchema<ImageVolumeSource> = message('ImageVolumeSource', imageVolumeSource)

const persistentVolumeClaimVolumeSource = {
  claimName: required(1, string),
  readOnly: optional(2, boolean),
}
export interface PersistentVolumeClaimVolumeSource extends FieldsType<typeof persistentVolumeClaimVolumeSource> {}
export const PersistentVolumeClaimVolumeSource: MessageSchema<PersistentVolumeClaimVolumeSource> = message(
  'PersistentVolumeClaimVolumeSource',
  persistentVolumeClaimVolumeSource,
)

const volumeSource = {
  hostPath: pointer(1, HostPathVolumeSource),
  emptyDir: pointer(2, EmptyDirVolumeSource),
  gcePersistentDisk: pointer(3, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: pointer(4, AWSElasticBlockStoreVolumeSource),
  gitRepo: pointer(5, GitRepoVolumeSource),
  secret: pointer(6, SecretVolumeSource),
  nfs: pointer(7, NFSVolumeSource),
  iscsi: pointer(8, ISCSIVolumeSource),
  glusterfs: pointer(9, GlusterfsVolumeSource),
  persistentVolumeClaim: pointer(10, PersistentVolumeClaimVolumeSource),
  rbd: pointer(11, RBDVolumeSource),
  flexVolume: pointer(12, FlexVolumeSource),
  cinder: pointer(13, CinderVolumeSource),
  cephfs: pointer(14, CephFSVolumeSource),
  flocker: pointer(15, FlockerVolumeSource),
  downwardAPI: pointer(16, DownwardAPIVolumeSource),
  fc: pointer(17, FCVolumeSource),
  azureFile: pointer(18, AzureFileVolumeSource),
  configMap: pointer(19, ConfigMapVolumeSource),
  vsphereVolume: pointer(20, VsphereVirtualDiskVolumeSource),
  quobyte: pointer(21, QuobyteVolumeSource),
  azureDisk: pointer(22, AzureDiskVolumeSource),
  photonPersistentDisk: pointer(23, PhotonPersistentDiskVolumeSource),
  projected: pointer(26, ProjectedVolumeSource),
  portworxVolume: pointer(24, PortworxVolumeSource),
  scaleIO: pointer(25, ScaleIOVolumeSource),
  storageos: pointer(27, StorageOSVolumeSource),
  csi: pointer(28, CSIVolumeSource),
  ephemeral: pointer(29, EphemeralVolumeSource),
  image: pointer(30, ImageVolumeSource),
}
export interface VolumeSource extends FieldsType<typeof volumeSource> {}
export interface VolumeSourceInit extends FieldsInit<typeof volumeSource> {}
export const VolumeSource: MessageSchema<VolumeSource, VolumeSourceInit> = message('VolumeSource', volumeSource)

const volume = {
  name: required(1, string),
  volumeSource: inline(2, VolumeSource),
}
export interface Volume extends FieldsType<typeof volume> {}
export interface VolumeInit extends FieldsInit<typeof volume> {}
export const Volume: MessageSchema<Volume, VolumeInit> = message('Volume', volume)
