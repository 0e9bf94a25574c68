import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  map,
  optional,
  quantity,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const limitRangeItem = {
  type: required(1, string),
  max: optional(2, map(quantity)),
  min: optional(3, map(quantity)),
  default: optional(4, map(quantity)),
  defaultRequest: optional(5, map(quantity)),
  maxLimitRequestRatio: optional(6, map(quantity)),
}
export interface LimitRangeItem extends FieldsType<typeof limitRangeItem> {}
export const LimitRangeItem: MessageSchema<LimitRangeItem> = message('LimitRangeItem', limitRangeItem)

const limitRangeSpec = { limits: required(1, list(LimitRangeItem)) }
export interface LimitRangeSpec extends FieldsType<typeof limitRangeSpec> {}
export const LimitRangeSpec: MessageSchema<LimitRangeSpec> = message('LimitRangeSpec', limitRangeSpec)

const limitRange = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, LimitRangeSpec),
}
export interface LimitRange extends TypeMeta, FieldsType<typeof limitRange> {}
export interface LimitRangeInit extends TypeMeta, FieldsInit<typeof limitRange> {}
/** Bounds and defaults for the resources of each object in a namespace. */
export const LimitRange: Kind<LimitRange, LimitRangeInit> = kind(
  'LimitRange',
  { plural: 'limitranges', namespaced: true },
  limitRange,
)
