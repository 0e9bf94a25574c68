import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const ingressClassParametersReference = {
  apiGroup: pointer(1, string),
  kind: required(2, string),
  name: required(3, string),
  scope: nullable(4, string),
  namespace: pointer(5, string),
}
export interface IngressClassParametersReference extends FieldsType<typeof ingressClassParametersReference> {}
export const IngressClassParametersReference: MessageSchema<IngressClassParametersReference> = message(
  'IngressClassParametersReference',
  ingressClassParametersReference,
)

const ingressClassSpec = {
  controller: optional(1, string),
  parameters: pointer(2, IngressClassParametersReference),
}
export interface IngressClassSpec extends FieldsType<typeof ingressClassSpec> {}
export const IngressClassSpec: MessageSchema<IngressClassSpec> = message('IngressClassSpec', ingressClassSpec)

const ingressClass = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, IngressClassSpec),
}
export interface IngressClass extends TypeMeta, FieldsType<typeof ingressClass> {}
export interface IngressClassInit extends TypeMeta, FieldsInit<typeof ingressClass> {}
/** Which controller serves which ingresses. */
export const IngressClass: Kind<IngressClass, IngressClassInit> = kind(
  'IngressClass',
  { plural: 'ingressclasses', namespaced: false },
  ingressClass,
)
