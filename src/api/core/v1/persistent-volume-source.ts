import {
  boolean,
  type FieldsType,
  int32,
  list,
  type MessageSchema,
  map,
  nullable,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { ObjectReference, SecretReference } from './reference.js'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume-plugins.js'

const azureFilePersistentVolumeSource = {
  secretName: required(1, string),
  shareName: required(2, string),
  readOnly: optional(3, boolean),
  secretNamespace: nullable(4, string),
}
export interface AzureFilePersistentVolumeSource extends FieldsType<typeof azureFilePersistentVolumeSource> {}
export const AzureFilePersistentVolumeSource: MessageSchema<AzureFilePersistentVolumeSource> = message(
  'AzureFilePersistentVolumeSource',
  azureFilePersistentVolumeSource,
)

const cephFSPersistentVolumeSource = {
  monitors: required(1, list(string)),
  path: optional(2, string),
  user: optional(3, string),
  secretFile: optional(4, string),
  secretRef: pointer(5, SecretReference),
  readOnly: optional(6, boolean),
}
export interface CephFSPersistentVolumeSource extends FieldsType<typeof cephFSPersistentVolumeSource> {}
export const CephFSPersistentVolumeSource: MessageSchema<CephFSPersistentVolumeSource> = message(
  'CephFSPersistentVolumeSource',
  cephFSPersistentVolumeSource,
)

const cinderPersistentVolumeSource = {
  volumeID: required(1, string),
  fsType: optional(2, string),
  readOnly: optional(3, boolean),
  secretRef: pointer(4, SecretReference),
}
export interface CinderPersistentVolumeSource extends FieldsType<typeof cinderPersistentVolumeSource> {}
export const CinderPersistentVolumeSource: MessageSchema<CinderPersistentVolumeSource> = message(
  'CinderPersistentVolumeSource',
  cinderPersistentVolumeSource,
)

const csiPersistentVolumeSource = {
  driver: required(1, string),
  volumeHandle: required(2, string),
  readOnly: optional(3, boolean),
  fsType: optional(4, string),
  volumeAttributes: optional(5, map(string)),
  controllerPublishSecretRef: pointer(6, SecretReference),
  nodeStageSecretRef: pointer(7, SecretReference),
  nodePublishSecretRef: pointer(8, SecretReference),
  controllerExpandSecretRef: pointer(9, SecretReference),
  nodeExpandSecretRef: pointer(10, SecretReference),
}
export interface CSIPersistentVolumeSource extends FieldsType<typeof csiPersistentVolumeSource> {}
export const CSIPersistentVolumeSource: MessageSchema<CSIPersistentVolumeSource> = message(
  'CSIPersistentVolumeSource',
  csiPersistentVolumeSource,
)

const flexPersistentVolumeSource = {
  driver: required(1, string),
  fsType: optional(2, string),
  secretRef: pointer(3, SecretReference),
  readOnly: optional(4, boolean),
  options: optional(5, map(string)),
}
export interface FlexPersistentVolumeSource extends FieldsType<typeof flexPersistentVolumeSource> {}
export const FlexPersistentVolumeSource: MessageSchema<FlexPersistentVolumeSource> = message(
  'FlexPersistentVolumeSource',
  flexPersistentVolumeSource,
)

const glusterfsPersistentVolumeSource = {
  endpoints: required(1, string),
  path: required(2, string),
  readOnly: optional(3, boolean),
  endpointsNamespace: pointer(4, string),
}
export interface GlusterfsPersistentVolumeSource extends FieldsType<typeof glusterfsPersistentVolumeSource> {}
export const GlusterfsPersistentVolumeSource: MessageSchema<GlusterfsPersistentVolumeSource> = message(
  'GlusterfsPersistentVolumeSource',
  glusterfsPersistentVolumeSource,
)

const iscsiPersistentVolumeSource = {
  targetPortal: required(1, string),
  iqn: required(2, string),
  lun: required(3, int32),
  iscsiInterface: optional(4, string, { default: 'default' }),
  fsType: optional(5, string),
  readOnly: optional(6, boolean),
  portals: optional(7, list(string)),
  chapAuthDiscovery: optional(8, boolean),
  chapAuthSession: optional(11, boolean),
  secretRef: pointer(10, SecretReference),
  initiatorName: pointer(12, string),
}
export interface ISCSIPersistentVolumeSource extends FieldsType<typeof iscsiPersistentVolumeSource> {}
export const ISCSIPersistentVolumeSource: MessageSchema<ISCSIPersistentVolumeSource> = message(
  'ISCSIPersistentVolumeSource',
  iscsiPersistentVolumeSource,
)

const localVolumeSource = {
  path: required(1, string),
  fsType: pointer(2, string),
}
export interface LocalVolumeSource extends FieldsType<typeof localVolumeSource> {}
export const LocalVolumeSource: MessageSchema<LocalVolumeSource> = message('LocalVolumeSource', localVolumeSource)

const rbdPersistentVolumeSource = {
  monitors: required(1, list(string)),
  image: required(2, string),
  fsType: optional(3, string),
  pool: optional(4, string, { default: 'rbd' }),
  user: optional(5, string, { default: 'admin' }),
  keyring: optional(6, string, { default: '/etc/ceph/keyring' }),
  secretRef: pointer(7, SecretReference),
  readOnly: optional(8, boolean),
}
export interface RBDPersistentVolumeSource extends FieldsType<typeof rbdPersistentVolumeSource> {}
export const RBDPersistentVolumeSource: MessageSchema<RBDPersistentVolumeSource> = message(
  'RBDPersistentVolumeSource',
  rbdPersistentVolumeSource,
)

const scaleIOPersistentVolumeSource = {
  gateway: required(1, string),
  system: required(2, string),
  secretRef: required(3, SecretReference, { nullable: true }),
  sslEnabled: optional(4, boolean),
  protectionDomain: optional(5, string),
  storagePool: optional(6, string),
  storageMode: optional(7, string, { default: 'ThinProvisioned' }),
  volumeName: optional(8, string),
  fsType: optional(9, string, { default: 'xfs' }),
  readOnly: optional(10, boolean),
}
export interface ScaleIOPersistentVolumeSource extends FieldsType<typeof scaleIOPersistentVolumeSource> {}
export const ScaleIOPersistentVolumeSource: MessageSchema<ScaleIOPersistentVolumeSource> = message(
  'ScaleIOPersistentVolumeSource',
  scaleIOPersistentVolumeSource,
)

const storageOSPersistentVolumeSource = {
  volumeName: optional(1, string),
  volumeNamespace: optional(2, string),
  fsType: optional(3, string),
  readOnly: optional(4, boolean),
  secretRef: pointer(5, ObjectReference),
}
export interface StorageOSPersistentVolumeSource extends FieldsType<typeof storageOSPersistentVolumeSource> {}
export const StorageOSPersistentVolumeSource: MessageSchema<StorageOSPersistentVolumeSource> = message(
  'StorageOSPersistentVolumeSource',
  storageOSPersistentVolumeSource,
)

const persistentVolumeSource = {
  gcePersistentDisk: pointer(1, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: pointer(2, AWSElasticBlockStoreVolumeSource),
  hostPath: pointer(3, HostPathVolumeSource),
  glusterfs: pointer(4, GlusterfsPersistentVolumeSource),
  nfs: pointer(5, NFSVolumeSource),
  rbd: pointer(6, RBDPersistentVolumeSource),
  iscsi: pointer(7, ISCSIPersistentVolumeSource),
  cinder: pointer(8, CinderPersistentVolumeSource),
  cephfs: pointer(9, CephFSPersistentVolumeSource),
  fc: pointer(10, FCVolumeSource),
  flocker: pointer(11, FlockerVolumeSource),
  flexVolume: pointer(12, FlexPersistentVolumeSource),
  azureFile: pointer(13, AzureFilePersistentVolumeSource),
  vsphereVolume: pointer(14, VsphereVirtualDiskVolumeSource),
  quobyte: pointer(15, QuobyteVolumeSource),
  azureDisk: pointer(16, AzureDiskVolumeSource),
  photonPersistentDisk: pointer(17, PhotonPersistentDiskVolumeSource),
  portworxVolume: pointer(18, PortworxVolumeSource),
  scaleIO: pointer(19, ScaleIOPersistentVolumeSource),
  local: pointer(20, LocalVolumeSource),
  storageos: pointer(21, StorageOSPersistentVolumeSource),
  csi: pointer(22, CSIPersistentVolumeSource),
}
export interface PersistentVolumeSource extends FieldsType<typeof persistentVolumeSource> {}
export const PersistentVolumeSource: MessageSchema<PersistentVolumeSource> = message(
  'PersistentVolumeSource',
  persistentVolumeSource,
)
