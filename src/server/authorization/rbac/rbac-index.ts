import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../api/rbac/v1/index.js'
import type { UserInfo } from '../../../machinery/http.js'
import { keyOf } from '../../../machinery/object.js'
import { CompiledRole } from './compiled-role.js'
import { type Grant, type RoleNode, Scope } from './scope.js'

/** A binding as it was last taken in. */
interface Bound {
  readonly role: RoleNode
  readonly roleKey: string
  readonly subjects: readonly string[]
}

/**
 * Who is granted what, by subject and namespace. It follows roles and bindings one change at a time, so that a decision
 * is a few look-ups, however many there are.
 */
export class RbacIndex {
  readonly #roles = new Map<string, RoleNode>()
  readonly #bindings = new Map<string, Bound>()
  /** By subject, then by namespace; that of the whole cluster has none. */
  readonly #scopes = new Map<string, Map<string, Scope>>()

  setRole({ kind, metadata, rules }: Role | ClusterRole): void {
    const role = this.#role(kind ?? '', metadata.namespace ?? '', metadata.name ?? '')
    this.#compile(role, new CompiledRole(rules ?? []))
  }

  deleteRole({ kind, metadata }: Role | ClusterRole): void {
    const key = roleKey(kind ?? '', metadata.namespace ?? '', metadata.name ?? '')
    const role = this.#roles.get(key)
    if (!role) return
    this.#compile(role, undefined)
    this.#forget(key, role)
  }

  setBinding(binding: RoleBinding | ClusterRoleBinding): void {
    this.deleteBinding(binding)
    const { metadata, roleRef, subjects = [] } = binding
    const namespace = metadata.namespace ?? ''
    const roleNamespace = roleRef.kind === 'Role' ? namespace : ''
    const role = this.#role(roleRef.kind, roleNamespace, roleRef.name)
    const name = { name: metadata.name ?? '', namespace, roleRef }
    const key = keyOf(metadata)
    const keys: string[] = []
    for (const subject of subjects ?? []) {
      const subjectKey = subjectKeyOf(subject, namespace)
      if (!subjectKey) continue
      keys.push(subjectKey)
      this.#scope(subjectKey, namespace).add(role, key, { binding: name, subject: withNamespace(subject, namespace) })
    }
    this.#bindings.set(key, { role, roleKey: roleKey(roleRef.kind, roleNamespace, roleRef.name), subjects: keys })
  }

  deleteBinding({ metadata }: RoleBinding | ClusterRoleBinding): void {
    const key = keyOf(metadata)
    const bound = this.#bindings.get(key)
    if (!bound) return
    this.#bindings.delete(key)
    const namespace = metadata.namespace ?? ''
    for (const subject of bound.subjects) {
      const scopes = this.#scopes.get(subject)
      const scope = scopes?.get(namespace)
      scope?.remove(bound.role, key)
      if (!scope?.empty) continue
      scopes?.delete(namespace)
      if (scopes?.size === 0) this.#scopes.delete(subject)
    }
    this.#forget(bound.roleKey, bound.role)
  }

  /** What a user is granted in the whole cluster, and then in a namespace. */
  *scopesOf({ name, groups }: UserInfo, namespace: string): Generator<Scope> {
    const places = namespace ? ['', namespace] : ['']
    const cluster = this.#scopes.get(`User ${name}`)
    for (const place of places) {
      const own = cluster?.get(place)
      if (own) yield own
      for (const group of groups) {
        const scope = this.#scopes.get(`Group ${group}`)?.get(place)
        if (scope) yield scope
      }
    }
  }

  /** The rules of all that a user is granted, binding by binding, and the roles that are granted but missing. */
  rulesOf(user: UserInfo, namespace: string): { readonly rules: PolicyRule[]; readonly missing: readonly RoleNode[] } {
    const rules: PolicyRule[] = []
    const missing: RoleNode[] = []
    const seen = new Set<string>()
    for (const scope of this.scopesOf(user, namespace))
      for (const [role, grants] of scope.grants())
        for (const key of grants.keys()) {
          if (seen.has(key)) continue
          seen.add(key)
          if (role.compiled) rules.push(...role.compiled.rules)
          else missing.push(role)
        }
    return { rules, missing }
  }

  /** The rules of a role that a binding in `namespace` refers to; undefined if there is none. */
  roleRules({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(roleKey(kind, kind === 'Role' ? namespace : '', name))?.compiled?.rules
  }

  #compile(role: RoleNode, compiled: CompiledRole | undefined): void {
    const before = role.compiled
    role.compiled = compiled
    for (const scope of role.scopes) scope.changed(role, before)
  }

  #role(kind: string, namespace: string, name: string): RoleNode {
    const key = roleKey(kind, namespace, name)
    const known = this.#roles.get(key)
    if (known) return known
    const role: RoleNode = { kind, name, compiled: undefined, scopes: new Set() }
    this.#roles.set(key, role)
    return role
  }

  #forget(key: string, role: RoleNode): void {
    if (!role.compiled && role.scopes.size === 0) this.#roles.delete(key)
  }

  #scope(subject: string, namespace: string): Scope {
    let scopes = this.#scopes.get(subject)
    if (!scopes) this.#scopes.set(subject, (scopes = new Map()))
    let scope = scopes.get(namespace)
    if (!scope) scopes.set(namespace, (scope = new Scope()))
    return scope
  }
}

export type { Grant, RoleNode }

const roleKey = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`

/** Service accounts are users by another name. */
function subjectKeyOf({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  switch (kind) {
    case 'User':
    case 'Group':
      return `${kind} ${name}`
    case 'ServiceAccount': {
      const home = namespace || bindingNamespace
      return home ? `User system:serviceaccount:${home}:${name}` : undefined
    }
    default:
      return undefined
  }
}

const withNamespace = (subject: Subject, namespace: string): Subject =>
  subject.kind === 'ServiceAccount' && !subject.namespace ? { ...subject, namespace } : subject
