import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  type MessageSchema,
  message,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'

const ingressClassParametersReference = {
  apiGroup: pointer(1, string),
  kind: required(2, string),
  name: required(3, string),
  scope: nullable(4, string),
  namespace: pointer(5, string),
}
export interface IngressClassParametersReference extends FieldsType<typeof ingressClassParametersReference> {}
export const IngressClassParametersReference: MessageSchema<IngressClassParametersReference> = message(
  'k8s.io.api.networking.v1.IngressClassParametersReference',
  ingressClassParametersReference,
)

const ingressClassSpec = {
  controller: optional(1, string),
  parameters: pointer(2, IngressClassParametersReference),
}
export interface IngressClassSpec extends FieldsType<typeof ingressClassSpec> {}
export const IngressClassSpec: MessageSchema<IngressClassSpec> = message(
  'k8s.io.api.networking.v1.IngressClassSpec',
  ingressClassSpec,
)

const ingressClass = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, IngressClassSpec),
}
export interface IngressClass extends TypeMeta, FieldsType<typeof ingressClass> {}
export interface IngressClassInit extends TypeMeta, FieldsInit<typeof ingressClass> {}
/** Which controller serves which ingresses. */
export const IngressClass: Kind<IngressClass, IngressClassInit> = kind(
  'k8s.io.api.networking.v1.IngressClass',
  { group: 'networking.k8s.io', version: 'v1', plural: 'ingressclasses', namespaced: false },
  ingressClass,
)
