import { ObjectMeta } from '../../../machinery/meta/index.js'
import { embedded, type FieldsInit, type FieldsType, type Kind, list, type TypeMeta } from '../../../schema/index.js'
import { kind } from './declare.js'
import { PolicyRule } from './policy-rule.js'

const role = {
  metadata: embedded(1, ObjectMeta),
  rules: embedded(2, list(PolicyRule)),
}
export interface Role extends TypeMeta, FieldsType<typeof role> {}
export interface RoleInit extends TypeMeta, FieldsInit<typeof role> {}
/** Permissions within one namespace. */
export const Role: Kind<Role, RoleInit> = kind('Role', { plural: 'roles', namespaced: true }, role)
