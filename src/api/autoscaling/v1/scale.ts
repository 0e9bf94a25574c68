import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const scaleSpec = { replicas: optional(1, int32, { default: 0 }) }
export interface ScaleSpec extends FieldsType<typeof scaleSpec> {}
export const ScaleSpec: MessageSchema<ScaleSpec> = message('ScaleSpec', scaleSpec)

const scaleStatus = {
  replicas: required(1, int32),
  selector: optional(2, string),
}
export interface ScaleStatus extends FieldsType<typeof scaleStatus> {}
export const ScaleStatus: MessageSchema<ScaleStatus> = message('ScaleStatus', scaleStatus)

const scale = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ScaleSpec),
  status: embedded(3, ScaleStatus),
}
export interface Scale extends TypeMeta, FieldsType<typeof scale> {}
export interface ScaleInit extends TypeMeta, FieldsInit<typeof scale> {}
/** The size of a workload, whatever its kind: the body of the `scale` subresource. */
export const Scale: Kind<Scale, ScaleInit> = kind('Scale', { plural: '', namespaced: true }, scale)
