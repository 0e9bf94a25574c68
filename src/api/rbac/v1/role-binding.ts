import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  list,
  type MessageSchema,
  optional,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const roleRef = {
  apiGroup: embedded(1, string),
  kind: required(2, string),
  name: required(3, string),
}
export interface RoleRef extends FieldsType<typeof roleRef> {}
export interface RoleRefInit extends FieldsInit<typeof roleRef> {}
export const RoleRef: MessageSchema<RoleRef, RoleRefInit> = message('RoleRef', roleRef, { atomic: true })

const subject = {
  kind: required(1, string),
  apiGroup: optional(2, string),
  name: required(3, string),
  namespace: optional(4, string),
}
export interface Subject extends FieldsType<typeof subject> {}
export const Subject: MessageSchema<Subject> = message('Subject', subject, { atomic: true })

const roleBinding = {
  metadata: embedded(1, ObjectMeta),
  subjects: optional(2, list(Subject)),
  roleRef: required(3, RoleRef),
}
export interface RoleBinding extends TypeMeta, FieldsType<typeof roleBinding> {}
export interface RoleBindingInit extends TypeMeta, FieldsInit<typeof roleBinding> {}
/** Grants a role within one namespace. */
export const RoleBinding: Kind<RoleBinding, RoleBindingInit> = kind(
  'RoleBinding',
  { plural: 'rolebindings', namespaced: true },
  roleBinding,
)

const clusterRoleBinding = {
  metadata: embedded(1, ObjectMeta),
  subjects: optional(2, list(Subject)),
  roleRef: required(3, RoleRef),
}
export interface ClusterRoleBinding extends TypeMeta, FieldsType<typeof clusterRoleBinding> {}
export interface ClusterRoleBindingInit extends TypeMeta, FieldsInit<typeof clusterRoleBinding> {}
/** Grants a ClusterRole in the whole cluster. */
export const ClusterRoleBinding: Kind<ClusterRoleBinding, ClusterRoleBindingInit> = kind(
  'ClusterRoleBinding',
  { plural: 'clusterrolebindings', namespaced: false },
  clusterRoleBinding,
)
