import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  type MessageSchema,
  message,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { MatchResources } from './match.js'
import { ParamRef } from './policy.js'

const mutatingAdmissionPolicyBindingSpec = {
  policyName: optional(1, string),
  paramRef: pointer(2, ParamRef),
  matchResources: pointer(3, MatchResources),
}
export interface MutatingAdmissionPolicyBindingSpec extends FieldsType<typeof mutatingAdmissionPolicyBindingSpec> {}
export const MutatingAdmissionPolicyBindingSpec: MessageSchema<MutatingAdmissionPolicyBindingSpec> = message(
  'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  mutatingAdmissionPolicyBindingSpec,
)

const mutatingAdmissionPolicyBinding = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, MutatingAdmissionPolicyBindingSpec),
}
export interface MutatingAdmissionPolicyBinding extends TypeMeta, FieldsType<typeof mutatingAdmissionPolicyBinding> {}
export interface MutatingAdmissionPolicyBindingInit
  extends TypeMeta,
    FieldsInit<typeof mutatingAdmissionPolicyBinding> {}
/** Puts a MutatingAdmissionPolicy to work, with parameters and for a part of the cluster. */
export const MutatingAdmissionPolicyBinding: Kind<MutatingAdmissionPolicyBinding, MutatingAdmissionPolicyBindingInit> =
  kind(
    'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      plural: 'mutatingadmissionpolicybindings',
      namespaced: false,
    },
    mutatingAdmissionPolicyBinding,
  )
