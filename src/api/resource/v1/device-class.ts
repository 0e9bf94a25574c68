import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  inline,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { DeviceConfiguration } from './device-configuration.js'
import { DeviceSelector } from './device-selector.js'

const deviceClassConfiguration = { deviceConfiguration: inline(1, DeviceConfiguration) }
export interface DeviceClassConfiguration extends FieldsType<typeof deviceClassConfiguration> {}
export const DeviceClassConfiguration: MessageSchema<DeviceClassConfiguration> = message(
  'DeviceClassConfiguration',
  deviceClassConfiguration,
)

const deviceClassSpec = {
  selectors: optional(1, list(DeviceSelector)),
  config: optional(2, list(DeviceClassConfiguration)),
  extendedResourceName: pointer(4, string),
}
export interface DeviceClassSpec extends FieldsType<typeof deviceClassSpec> {}
export const DeviceClassSpec: MessageSchema<DeviceClassSpec> = message('DeviceClassSpec', deviceClassSpec)

const deviceClass = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, DeviceClassSpec),
}
export interface DeviceClass extends TypeMeta, FieldsType<typeof deviceClass> {}
export interface DeviceClassInit extends TypeMeta, FieldsInit<typeof deviceClass> {}
/** A preset for requests of devices. */
export const DeviceClass: Kind<DeviceClass, DeviceClassInit> = kind(
  'DeviceClass',
  { plural: 'deviceclasses', namespaced: false },
  deviceClass,
)
