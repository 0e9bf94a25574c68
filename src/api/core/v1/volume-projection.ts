import { LabelSelector } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  int32,
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
import { LocalObjectReference } from './reference.js'

const keyToPath = {
  key: required(1, string),
  path: required(2, string),
  mode: pointer(3, int32),
}
export interface KeyToPath extends FieldsType<typeof keyToPath> {}
export const KeyToPath: MessageSchema<KeyToPath> = message('KeyToPath', keyToPath)

const objectFieldSelector = {
  apiVersion: optional(1, string),
  fieldPath: required(2, string),
}
export interface ObjectFieldSelector extends FieldsType<typeof objectFieldSelector> {}
export const ObjectFieldSelector: MessageSchema<ObjectFieldSelector> = message(
  'ObjectFieldSelector',
  objectFieldSelector,
  { atomic: true },
)

const resourceFieldSelector = {
  containerName: optional(1, string),
  resource: required(2, string),
  divisor: embedded(3, quantity),
}
export interface ResourceFieldSelector extends FieldsType<typeof resourceFieldSelector> {}
export interface ResourceFieldSelectorInit extends FieldsInit<typeof resourceFieldSelector> {}
export const ResourceFieldSelector: MessageSchema<ResourceFieldSelector, ResourceFieldSelectorInit> = message(
  'ResourceFieldSelector',
  resourceFieldSelector,
  { atomic: true },
)

const configMapVolumeSource = {
  localObjectReference: inline(1, LocalObjectReference),
  items: optional(2, list(KeyToPath)),
  defaultMode: pointer(3, int32),
  optional: pointer(4, boolean),
}
export interface ConfigMapVolumeSource extends FieldsType<typeof configMapVolumeSource> {}
export const ConfigMapVolumeSource: MessageSchema<ConfigMapVolumeSource> = message(
  'ConfigMapVolumeSource',
  configMapVolumeSource,
)

const secretVolumeSource = {
  secretName: optional(1, string),
  items: optional(2, list(KeyToPath)),
  defaultMode: pointer(3, int32),
  optional: pointer(4, boolean),
}
export interface SecretVolumeSource extends FieldsType<typeof secretVolumeSource> {}
export const SecretVolumeSource: MessageSchema<SecretVolumeSource> = message('SecretVolumeSource', secretVolumeSource)

const downwardAPIVolumeFile = {
  path: required(1, string),
  fieldRef: pointer(2, ObjectFieldSelector),
  resourceFieldRef: pointer(3, ResourceFieldSelector),
  mode: pointer(4, int32),
}
export interface DownwardAPIVolumeFile extends FieldsType<typeof downwardAPIVolumeFile> {}
export interface DownwardAPIVolumeFileInit extends FieldsInit<typeof downwardAPIVolumeFile> {}
export const DownwardAPIVolumeFile: MessageSchema<DownwardAPIVolumeFile, DownwardAPIVolumeFileInit> = message(
  'DownwardAPIVolumeFile',
  downwardAPIVolumeFile,
)

const downwardAPIVolumeSource = {
  items: optional(1, list(DownwardAPIVolumeFile)),
  defaultMode: pointer(2, int32),
}
export interface DownwardAPIVolumeSource extends FieldsType<typeof downwardAPIVolumeSource> {}
export interface DownwardAPIVolumeSourceInit extends FieldsInit<typeof downwardAPIVolumeSource> {}
export const DownwardAPIVolumeSource: MessageSchema<DownwardAPIVolumeSource, DownwardAPIVolumeSourceInit> = message(
  'DownwardAPIVolumeSource',
  downwardAPIVolumeSource,
)

const configMapProjection = {
  localObjectReference: inline(1, LocalObjectReference),
  items: optional(2, list(KeyToPath)),
  optional: pointer(4, boolean),
}
export interface ConfigMapProjection extends FieldsType<typeof configMapProjection> {}
export const ConfigMapProjection: MessageSchema<ConfigMapProjection> = message(
  'ConfigMapProjection',
  configMapProjection,
)

const secretProjection = {
  localObjectReference: inline(1, LocalObjectReference),
  items: optional(2, list(KeyToPath)),
  optional: pointer(4, boolean),
}
export interface SecretProjection extends FieldsType<typeof secretProjection> {}
export const SecretProjection: MessageSchema<SecretProjection> = message('SecretProjection', secretProjection)

const downwardAPIProjection = { items: optional(1, list(DownwardAPIVolumeFile)) }
export interface DownwardAPIProjection extends FieldsType<typeof downwardAPIProjection> {}
export interface DownwardAPIProjectionInit extends FieldsInit<typeof downwardAPIProjection> {}
export const DownwardAPIProjection: MessageSchema<DownwardAPIProjection, DownwardAPIProjectionInit> = message(
  'DownwardAPIProjection',
  downwardAPIProjection,
)

const serviceAccountTokenProjection = {
  audience: optional(1, string),
  expirationSeconds: pointer(2, int64),
  path: required(3, string),
}
export interface ServiceAccountTokenProjection extends FieldsType<typeof serviceAccountTokenProjection> {}
export const ServiceAccountTokenProjection: MessageSchema<ServiceAccountTokenProjection> = message(
  'ServiceAccountTokenProjection',
  serviceAccountTokenProjection,
)

const clusterTrustBundleProjection = {
  name: pointer(1, string),
  signerName: pointer(2, string),
  labelSelector: pointer(3, LabelSelector),
  optional: pointer(5, boolean),
  path: required(4, string),
}
export interface ClusterTrustBundleProjection extends FieldsType<typeof clusterTrustBundleProjection> {}
export const ClusterTrustBundleProjection: MessageSchema<ClusterTrustBundleProjection> = message(
  'ClusterTrustBundleProjection',
  clusterTrustBundleProjection,
)

const podCertificateProjection = {
  signerName: optional(1, string, { required: true }),
  keyType: optional(2, string, { required: true }),
  maxExpirationSeconds: pointer(3, int32),
  credentialBundlePath: optional(4, string),
  keyPath: optional(5, string),
  certificateChainPath: optional(6, string),
  userAnnotations: optional(7, map(string)),
}
export interface PodCertificateProjection extends FieldsType<typeof podCertificateProjection> {}
export const PodCertificateProjection: MessageSchema<PodCertificateProjection> = message(
  'PodCertificateProjection',
  podCertificateProjection,
)

const volumeProjection = {
  secret: pointer(1, SecretProjection),
  downwardAPI: pointer(2, DownwardAPIProjection),
  configMap: pointer(3, ConfigMapProjection),
  serviceAccountToken: pointer(4, ServiceAccountTokenProjection),
  clusterTrustBundle: pointer(5, ClusterTrustBundleProjection),
  podCertificate: pointer(6, PodCertificateProjection),
}
export interface VolumeProjection extends FieldsType<typeof volumeProjection> {}
export interface VolumeProjectionInit extends FieldsInit<typeof volumeProjection> {}
export const VolumeProjection: MessageSchema<VolumeProjection, VolumeProjectionInit> = message(
  'VolumeProjection',
  volumeProjection,
)

const projectedVolumeSource = {
  sources: embedded(1, list(VolumeProjection)),
  defaultMode: pointer(2, int32),
}
export interface ProjectedVolumeSource extends FieldsType<typeof projectedVolumeSource> {}
export interface ProjectedVolumeSourceInit extends FieldsInit<typeof projectedVolumeSource> {}
export const ProjectedVolumeSource: MessageSchema<ProjectedVolumeSource, ProjectedVolumeSourceInit> = message(
  'ProjectedVolumeSource',
  projectedVolumeSource,
)
