import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { MatchResources } from './match.js'
import { ParamRef } from './policy.js'

const mutatingAdmissionPolicyBindingSpec = {
  policyName: optional(1, string),
  paramRef: pointer(2, ParamRef),
  matchResources: pointer(3, MatchResources),
}
export interface MutatingAdmissionPolicyBindingSpec extends FieldsType<typeof mutatingAdmissionPolicyBindingSpec> {}
export const MutatingAdmissionPolicyBindingSpec: MessageSchema<MutatingAdmissionPolicyBindingSpec> = message(
  'MutatingAdmissionPolicyBindingSpec',
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
    'MutatingAdmissionPolicyBinding',
    { plural: 'mutatingadmissionpolicybindings', namespaced: false },
    mutatingAdmissionPolicyBinding,
  )
