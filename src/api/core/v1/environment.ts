import {
  boolean,
  type FieldsInit,
  type FieldsType,
  inline,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'
import { LocalObjectReference } from './reference.js'
import { ObjectFieldSelector, ResourceFieldSelector } from './volume-projection.js'

const configMapKeySelector = {
  localObjectReference: inline(1, LocalObjectReference),
  key: required(2, string),
  optional: pointer(3, boolean),
}
export interface ConfigMapKeySelector extends FieldsType<typeof configMapKeySelector> {}
export const ConfigMapKeySelector: MessageSchema<ConfigMapKeySelector> = message(
  'ConfigMapKeySelector',
  configMapKeySelector,
  { atomic: true },
)

const secretKeySelector = {
  localObjectReference: inline(1, LocalObjectReference),
  key: required(2, string),
  optional: pointer(3, boolean),
}
export interface SecretKeySelector extends FieldsType<typeof secretKeySelector> {}
export const SecretKeySelector: MessageSchema<SecretKeySelector> = message('SecretKeySelector', secretKeySelector, {
  atomic: true,
})

const fileKeySelector = {
  volumeName: required(1, string),
  path: required(2, string),
  key: required(3, string),
  optional: pointer(4, boolean, { default: false }),
}
export interface FileKeySelector extends FieldsType<typeof fileKeySelector> {}
export const FileKeySelector: MessageSchema<FileKeySelector> = message('FileKeySelector', fileKeySelector, {
  atomic: true,
})

const envVarSource = {
  fieldRef: pointer(1, ObjectFieldSelector),
  resourceFieldRef: pointer(2, ResourceFieldSelector),
  configMapKeyRef: pointer(3, ConfigMapKeySelector),
  secretKeyRef: pointer(4, SecretKeySelector),
  fileKeyRef: pointer(5, FileKeySelector),
}
export interface EnvVarSource extends FieldsType<typeof envVarSource> {}
export interface EnvVarSourceInit extends FieldsInit<typeof envVarSource> {}
export const EnvVarSource: MessageSchema<EnvVarSource, EnvVarSourceInit> = message('EnvVarSource', envVarSource)

const envVar = {
  name: required(1, string),
  value: optional(2, string),
  valueFrom: pointer(3, EnvVarSource),
}
export interface EnvVar extends FieldsType<typeof envVar> {}
export interface EnvVarInit extends FieldsInit<typeof envVar> {}
export const EnvVar: MessageSchema<EnvVar, EnvVarInit> = message('EnvVar', envVar)

const configMapEnvSource = {
  localObjectReference: inline(1, LocalObjectReference),
  optional: pointer(2, boolean),
}
export interface ConfigMapEnvSource extends FieldsType<typeof configMapEnvSource> {}
export const ConfigMapEnvSource: MessageSchema<ConfigMapEnvSource> = message('ConfigMapEnvSource', configMapEnvSource)

const secretEnvSource = {
  localObjectReference: inline(1, LocalObjectReference),
  optional: pointer(2, boolean),
}
export interface SecretEnvSource extends FieldsType<typeof secretEnvSource> {}
export const SecretEnvSource: MessageSchema<SecretEnvSource> = message('SecretEnvSource', secretEnvSource)

const envFromSource = {
  prefix: optional(1, string),
  configMapRef: pointer(2, ConfigMapEnvSource),
  secretRef: pointer(3, SecretEnvSource),
}
export interface EnvFromSource extends FieldsType<typeof envFromSource> {}
export const EnvFromSource: MessageSchema<EnvFromSource> = message('EnvFromSource', envFromSource)
