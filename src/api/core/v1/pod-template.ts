import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { PodSpec } from './pod-spec.js'

const podTemplateSpec = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PodSpec),
}
export interface PodTemplateSpec extends FieldsType<typeof podTemplateSpec> {}
export interface PodTemplateSpecInit extends FieldsInit<typeof podTemplateSpec> {}
export const PodTemplateSpec: MessageSchema<PodTemplateSpec, PodTemplateSpecInit> = message(
  'PodTemplateSpec',
  podTemplateSpec,
)

const podTemplate = {
  metadata: embedded(1, ObjectMeta),
  template: embedded(2, PodTemplateSpec),
}
export interface PodTemplate extends TypeMeta, FieldsType<typeof podTemplate> {}
export interface PodTemplateInit extends TypeMeta, FieldsInit<typeof podTemplate> {}
/** A stored template for pods. */
export const PodTemplate: Kind<PodTemplate, PodTemplateInit> = kind(
  'PodTemplate',
  { plural: 'podtemplates', namespaced: true },
  podTemplate,
)
