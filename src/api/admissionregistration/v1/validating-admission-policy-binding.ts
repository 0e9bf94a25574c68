import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  type MessageSchema,
  optional,
  pointer,
  required,
  set,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { MatchResources } from './match.js'
import { ParamRef } from './policy.js'

const validatingAdmissionPolicyBindingSpec = {
  policyName: optional(1, string, { required: true }),
  paramRef: pointer(2, ParamRef),
  matchResources: pointer(3, MatchResources),
  validationActions: optional(4, set(string), { required: true }),
}
export interface ValidatingAdmissionPolicyBindingSpec extends FieldsType<typeof validatingAdmissionPolicyBindingSpec> {}
export const ValidatingAdmissionPolicyBindingSpec: MessageSchema<ValidatingAdmissionPolicyBindingSpec> = message(
  'ValidatingAdmissionPolicyBindingSpec',
  validatingAdmissionPolicyBindingSpec,
)

const validatingAdmissionPolicyBinding = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, ValidatingAdmissionPolicyBindingSpec),
}
export interface ValidatingAdmissionPolicyBinding
  extends TypeMeta,
    FieldsType<typeof validatingAdmissionPolicyBinding> {}
export interface ValidatingAdmissionPolicyBindingInit
  extends TypeMeta,
    FieldsInit<typeof validatingAdmissionPolicyBinding> {}
/** Puts a ValidatingAdmissionPolicy to work, with parameters and for a part of the cluster. */
export const ValidatingAdmissionPolicyBinding: Kind<
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicyBindingInit
> = kind(
  'ValidatingAdmissionPolicyBinding',
  { plural: 'validatingadmissionpolicybindings', namespaced: false },
  validatingAdmissionPolicyBinding,
)
