import {
  type FieldsType,
  keyed,
  type MessageSchema,
  map,
  optional,
  quantity,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const resourceClaim = {
  name: required(1, string),
  request: optional(2, string),
}
export interface ResourceClaim extends FieldsType<typeof resourceClaim> {}
export const ResourceClaim: MessageSchema<ResourceClaim> = message('ResourceClaim', resourceClaim)

const resourceRequirements = {
  limits: optional(1, map(quantity)),
  requests: optional(2, map(quantity)),
  claims: optional(3, keyed(ResourceClaim, ['name'])),
}
export interface ResourceRequirements extends FieldsType<typeof resourceRequirements> {}
export const ResourceRequirements: MessageSchema<ResourceRequirements> = message(
  'ResourceRequirements',
  resourceRequirements,
)

const volumeResourceRequirements = {
  limits: optional(1, map(quantity)),
  requests: optional(2, map(quantity)),
}
export interface VolumeResourceRequirements extends FieldsType<typeof volumeResourceRequirements> {}
export const VolumeResourceRequirements: MessageSchema<VolumeResourceRequirements> = message(
  'VolumeResourceRequirements',
  volumeResourceRequirements,
)
