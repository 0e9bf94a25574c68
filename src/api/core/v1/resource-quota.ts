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
  pointer,
  quantity,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const scopedResourceSelectorRequirement = {
  scopeName: required(1, string, {
    enum: [
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ],
  }),
  operator: required(2, string, { enum: ['DoesNotExist', 'Exists', 'In', 'NotIn'] }),
  values: optional(3, list(string)),
}
export interface ScopedResourceSelectorRequirement extends FieldsType<typeof scopedResourceSelectorRequirement> {}
export const ScopedResourceSelectorRequirement: MessageSchema<ScopedResourceSelectorRequirement> = message(
  'ScopedResourceSelectorRequirement',
  scopedResourceSelectorRequirement,
)

const scopeSelector = { matchExpressions: optional(1, list(ScopedResourceSelectorRequirement)) }
export interface ScopeSelector extends FieldsType<typeof scopeSelector> {}
export const ScopeSelector: MessageSchema<ScopeSelector> = message('ScopeSelector', scopeSelector, { atomic: true })

const resourceQuotaSpec = {
  hard: optional(1, map(quantity)),
  scopes: optional(2, list(string)),
  scopeSelector: pointer(3, ScopeSelector),
}
export interface ResourceQuotaSpec extends FieldsType<typeof resourceQuotaSpec> {}
export const ResourceQuotaSpec: MessageSchema<ResourceQuotaSpec> = message('ResourceQuotaSpec', resourceQuotaSpec)

const resourceQuotaStatus = {
  hard: optional(1, map(quantity)),
  used: optional(2, map(quantity)),
}
export interface ResourceQuotaStatus extends FieldsType<typeof resourceQuotaStatus> {}
export const ResourceQuotaStatus: MessageSchema<ResourceQuotaStatus> = message(
  'ResourceQuotaStatus',
  resourceQuotaStatus,
)

const resourceQuota = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, ResourceQuotaSpec),
  status: embedded(3, ResourceQuotaStatus),
}
export interface ResourceQuota extends TypeMeta, FieldsType<typeof resourceQuota> {}
export interface ResourceQuotaInit extends TypeMeta, FieldsInit<typeof resourceQuota> {}
/** Bounds on what a namespace may consume in sum. */
export const ResourceQuota: Kind<ResourceQuota, ResourceQuotaInit> = kind(
  'ResourceQuota',
  { plural: 'resourcequotas', namespaced: true },
  resourceQuota,
)
