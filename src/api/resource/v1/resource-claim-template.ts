import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  required,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { ResourceClaimSpec } from './resource-claim-spec.js'

const resourceClaimTemplateSpec = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, ResourceClaimSpec),
}
export interface ResourceClaimTemplateSpec extends FieldsType<typeof resourceClaimTemplateSpec> {}
export interface ResourceClaimTemplateSpecInit extends FieldsInit<typeof resourceClaimTemplateSpec> {}
export const ResourceClaimTemplateSpec: MessageSchema<ResourceClaimTemplateSpec, ResourceClaimTemplateSpecInit> =
  message('ResourceClaimTemplateSpec', resourceClaimTemplateSpec)

const resourceClaimTemplate = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, ResourceClaimTemplateSpec),
}
export interface ResourceClaimTemplate extends TypeMeta, FieldsType<typeof resourceClaimTemplate> {}
export interface ResourceClaimTemplateInit extends TypeMeta, FieldsInit<typeof resourceClaimTemplate> {}
/** Makes a ResourceClaim for each pod. */
export const ResourceClaimTemplate: Kind<ResourceClaimTemplate, ResourceClaimTemplateInit> = kind(
  'ResourceClaimTemplate',
  { plural: 'resourceclaimtemplates', namespaced: true },
  resourceClaimTemplate,
)
