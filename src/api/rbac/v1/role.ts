import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  list,
  type TypeMeta,
} from '../../../schema/index.js'
import { PolicyRule } from './policy-rule.js'

const role = {
  metadata: embedded(1, ObjectMeta),
  rules: embedded(2, list(PolicyRule)),
}
export interface Role extends TypeMeta, FieldsType<typeof role> {}
export interface RoleInit extends TypeMeta, FieldsInit<typeof role> {}
/** Permissions within one namespace. */
export const Role: Kind<Role, RoleInit> = kind(
  'k8s.io.api.rbac.v1.Role',
  { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', namespaced: true },
  role,
)
