import {
  boolean,
  type FieldsType,
  int32,
  list,
  type MessageSchema,
  map,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { LocalObjectReference } from './reference.js'

const awsElasticBlockStoreVolumeSource = {
  volumeID: required(1, string),
  fsType: optional(2, string),
  partition: optional(3, int32),
  readOnly: optional(4, boolean),
}
export interface AWSElasticBlockStoreVolumeSource extends FieldsType<typeof awsElasticBlockStoreVolumeSource> {}
export const AWSElasticBlockStoreVolumeSource: MessageSchema<AWSElasticBlockStoreVolumeSource> = message(
  'AWSElasticBlockStoreVolumeSource',
  awsElasticBlockStoreVolumeSource,
)

const azureDiskVolumeSource = {
  diskName: required(1, string),
  diskURI: required(2, string),
  cachingMode: pointer(3, string, { default: 'ReadWrite', enum: ['None', 'ReadOnly', 'ReadWrite'] }),
  fsType: pointer(4, string, { default: 'ext4' }),
  readOnly: pointer(5, boolean, { default: false }),
  kind: pointer(6, string, { default: 'Shared', enum: ['Dedicated', 'Managed', 'Shared'] }),
}
export interface AzureDiskVolumeSource extends FieldsType<typeof azureDiskVolumeSource> {}
export const AzureDiskVolumeSource: MessageSchema<AzureDiskVolumeSource> = message(
  'AzureDiskVolumeSource',
  azureDiskVolumeSource,
)

const azureFileVolumeSource = {
  secretName: required(1, string),
  shareName: required(2, string),
  readOnly: optional(3, boolean),
}
export interface AzureFileVolumeSource extends FieldsType<typeof azureFileVolumeSource> {}
export const AzureFileVolumeSource: MessageSchema<AzureFileVolumeSource> = message(
  'AzureFileVolumeSource',
  azureFileVolumeSource,
)

const cephFSVolumeSource = {
  monitors: required(1, list(string)),
  path: optional(2, string),
  user: optional(3, string),
  secretFile: optional(4, string),
  secretRef: pointer(5, LocalObjectReference),
  readOnly: optional(6, boolean),
}
export interface CephFSVolumeSource extends FieldsType<typeof cephFSVolumeSource> {}
export const CephFSVolumeSource: MessageSchema<CephFSVolumeSource> = message('CephFSVolumeSource', cephFSVolumeSource)

const cinderVolumeSource = {
  volumeID: required(1, string),
  fsType: optional(2, string),
  readOnly: optional(3, boolean),
  secretRef: pointer(4, LocalObjectReference),
}
export interface CinderVolumeSource extends FieldsType<typeof cinderVolumeSource> {}
export const CinderVolumeSource: MessageSchema<CinderVolumeSource> = message('CinderVolumeSource', cinderVolumeSource)

const fcVolumeSource = {
  targetWWNs: optional(1, list(string)),
  lun: pointer(2, int32),
  fsType: optional(3, string),
  readOnly: optional(4, boolean),
  wwids: optional(5, list(string)),
}
export interface FCVolumeSource extends FieldsType<typeof fcVolumeSource> {}
export const FCVolumeSource: MessageSchema<FCVolumeSource> = message('FCVolumeSource', fcVolumeSource)

const flexVolumeSource = {
  driver: required(1, string),
  fsType: optional(2, string),
  secretRef: pointer(3, LocalObjectReference),
  readOnly: optional(4, boolean),
  options: optional(5, map(string)),
}
export interface FlexVolumeSource extends FieldsType<typeof flexVolumeSource> {}
export const FlexVolumeSource: MessageSchema<FlexVolumeSource> = message('FlexVolumeSource', flexVolumeSource)

const flockerVolumeSource = {
  datasetName: optional(1, string),
  datasetUUID: optional(2, string),
}
export interface FlockerVolumeSource extends FieldsType<typeof flockerVolumeSource> {}
export const FlockerVolumeSource: MessageSchema<FlockerVolumeSource> = message(
  'FlockerVolumeSource',
  flockerVolumeSource,
)

const gcePersistentDiskVolumeSource = {
  pdName: required(1, string),
  fsType: optional(2, string),
  partition: optional(3, int32),
  readOnly: optional(4, boolean),
}
export interface GCEPersistentDiskVolumeSource extends FieldsType<typeof gcePersistentDiskVolumeSource> {}
export const GCEPersistentDiskVolumeSource: MessageSchema<GCEPersistentDiskVolumeSource> = message(
  'GCEPersistentDiskVolumeSource',
  gcePersistentDiskVolumeSource,
)

const gitRepoVolumeSource = {
  repository: required(1, string),
  revision: optional(2, string),
  directory: optional(3, string),
}
export interface GitRepoVolumeSource extends FieldsType<typeof gitRepoVolumeSource> {}
export const GitRepoVolumeSource: MessageSchema<GitRepoVolumeSource> = message(
  'GitRepoVolumeSource',
  gitRepoVolumeSource,
)

const glusterfsVolumeSource = {
  endpoints: required(1, string),
  path: required(2, string),
  readOnly: optional(3, boolean),
}
export interface GlusterfsVolumeSource extends FieldsType<typeof glusterfsVolumeSource> {}
export const GlusterfsVolumeSource: MessageSchema<GlusterfsVolumeSource> = message(
  'GlusterfsVolumeSource',
  glusterfsVolumeSource,
)

const iscsiVolumeSource = {
  targetPortal: required(1, string),
  iqn: required(2, string),
  lun: required(3, int32),
  iscsiInterface: optional(4, string, { default: 'default' }),
  fsType: optional(5, string),
  readOnly: optional(6, boolean),
  portals: optional(7, list(string)),
  chapAuthDiscovery: optional(8, boolean),
  chapAuthSession: optional(11, boolean),
  secretRef: pointer(10, LocalObjectReference),
  initiatorName: pointer(12, string),
}
export interface ISCSIVolumeSource extends FieldsType<typeof iscsiVolumeSource> {}
export const ISCSIVolumeSource: MessageSchema<ISCSIVolumeSource> = message('ISCSIVolumeSource', iscsiVolumeSource)

const photonPersistentDiskVolumeSource = {
  pdID: required(1, string),
  fsType: optional(2, string),
}
export interface PhotonPersistentDiskVolumeSource extends FieldsType<typeof photonPersistentDiskVolumeSource> {}
export const PhotonPersistentDiskVolumeSource: MessageSchema<PhotonPersistentDiskVolumeSource> = message(
  'PhotonPersistentDiskVolumeSource',
  photonPersistentDiskVolumeSource,
)

const portworxVolumeSource = {
  volumeID: required(1, string),
  fsType: optional(2, string),
  readOnly: optional(3, boolean),
}
export interface PortworxVolumeSource extends FieldsType<typeof portworxVolumeSource> {}
export const PortworxVolumeSource: MessageSchema<PortworxVolumeSource> = message(
  'PortworxVolumeSource',
  portworxVolumeSource,
)

const quobyteVolumeSource = {
  registry: required(1, string),
  volume: required(2, string),
  readOnly: optional(3, boolean),
  user: optional(4, string),
  group: optional(5, string),
  tenant: optional(6, string),
}
export interface QuobyteVolumeSource extends FieldsType<typeof quobyteVolumeSource> {}
export const QuobyteVolumeSource: MessageSchema<QuobyteVolumeSource> = message(
  'QuobyteVolumeSource',
  quobyteVolumeSource,
)

const rbdVolumeSource = {
  monitors: required(1, list(string)),
  image: required(2, string),
  fsType: optional(3, string),
  pool: optional(4, string, { default: 'rbd' }),
  user: optional(5, string, { default: 'admin' }),
  keyring: optional(6, string, { default: '/etc/ceph/keyring' }),
  secretRef: pointer(7, LocalObjectReference),
  readOnly: optional(8, boolean),
}
export interface RBDVolumeSource extends FieldsType<typeof rbdVolumeSource> {}
export const RBDVolumeSource: MessageSchema<RBDVolumeSource> = message('RBDVolumeSource', rbdVolumeSource)

const scaleIOVolumeSource = {
  gateway: required(1, string),
  system: required(2, string),
  secretRef: required(3, LocalObjectReference, { nullable: true }),
  sslEnabled: optional(4, boolean),
  protectionDomain: optional(5, string),
  storagePool: optional(6, string),
  storageMode: optional(7, string, { default: 'ThinProvisioned' }),
  volumeName: optional(8, string),
  fsType: optional(9, string, { default: 'xfs' }),
  readOnly: optional(10, boolean),
}
export interface ScaleIOVolumeSource extends FieldsType<typeof scaleIOVolumeSource> {}
export const ScaleIOVolumeSource: MessageSchema<ScaleIOVolumeSource> = message(
  'ScaleIOVolumeSource',
  scaleIOVolumeSource,
)

const storageOSVolumeSource = {
  volumeName: optional(1, string),
  volumeNamespace: optional(2, string),
  fsType: optional(3, string),
  readOnly: optional(4, boolean),
  secretRef: pointer(5, LocalObjectReference),
}
export interface StorageOSVolumeSource extends FieldsType<typeof storageOSVolumeSource> {}
export const StorageOSVolumeSource: MessageSchema<StorageOSVolumeSource> = message(
  'StorageOSVolumeSource',
  storageOSVolumeSource,
)

const vsphereVirtualDiskVolumeSource = {
  volumePath: required(1, string),
  fsType: optional(2, string),
  storagePolicyName: optional(3, string),
  storagePolicyID: optional(4, string),
}
export interface VsphereVirtualDiskVolumeSource extends FieldsType<typeof vsphereVirtualDiskVolumeSource> {}
export const VsphereVirtualDiskVolumeSource: MessageSchema<VsphereVirtualDiskVolumeSource> = message(
  'VsphereVirtualDiskVolumeSource',
  vsphereVirtualDiskVolumeSource,
)

const nfsVolumeSource = {
  server: required(1, string),
  path: required(2, string),
  readOnly: optional(3, boolean),
}
export interface NFSVolumeSource extends FieldsType<typeof nfsVolumeSource> {}
export const NFSVolumeSource: MessageSchema<NFSVolumeSource> = message('NFSVolumeSource', nfsVolumeSource)

const hostPathVolumeSource = {
  path: required(1, string),
  type: pointer(2, string, {
    enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
  }),
}
export interface HostPathVolumeSource extends FieldsType<typeof hostPathVolumeSource> {}
export const HostPathVolumeSource: MessageSchema<HostPathVolumeSource> = message(
  'HostPathVolumeSource',
  hostPathVolumeSource,
)
