import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  bytes,
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const rangeAllocation = {
  metadata: embedded(1, ObjectMeta),
  range: required(2, string),
  data: required(3, bytes),
}
export interface RangeAllocation extends TypeMeta, FieldsType<typeof rangeAllocation> {}
export interface RangeAllocationInit extends TypeMeta, FieldsInit<typeof rangeAllocation> {}
/** The ports or addresses handed out of a range; stored, never served. */
export const RangeAllocation: Kind<RangeAllocation, RangeAllocationInit> = kind(
  'RangeAllocation',
  { plural: '', namespaced: false },
  rangeAllocation,
)
