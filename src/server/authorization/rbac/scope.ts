import type { Subject } from '../../../api/rbac/v1/index.js'
import type { CompiledRole } from './compiled-role.js'
import type { BindingName } from './describe.js'

/** A role that bindings refer to, whether there is one of its name or not. */
export interface RoleNode {
  readonly kind: string
  readonly name: string
  /** Absent while there is no such role. */
  compiled: CompiledRole | undefined
  /** Where it is granted. */
  readonly scopes: Set<Scope>
}

/** One subject of one binding. */
export interface Grant {
  readonly binding: BindingName
  readonly subject: Subject
}

/** Roles up to this number are asked one after the other; beyond, they are found by what they are about. */
const mostAsked = 8

/** What one subject is granted in one namespace, or in the whole cluster. */
export class Scope {
  readonly #granted = new Map<RoleNode, Map<string, Grant>>()
  readonly #missing = new Set<RoleNode>()
  /** The roles that have rules under a key; absent while there are few roles. */
  #byKey: Map<string, Set<RoleNode>> | undefined

  get empty(): boolean {
    return this.#granted.size === 0
  }

  /** Roles that are granted but do not exist. */
  get missing(): ReadonlySet<RoleNode> {
    return this.#missing
  }

  grants(): Iterable<readonly [RoleNode, ReadonlyMap<string, Grant>]> {
    return this.#granted
  }

  add(role: RoleNode, bindingKey: string, grant: Grant): void {
    const grants = this.#granted.get(role)
    if (grants) {
      if (!grants.has(bindingKey)) grants.set(bindingKey, grant)
      return
    }
    this.#granted.set(role, new Map([[bindingKey, grant]]))
    role.scopes.add(this)
    this.#enter(role, role.compiled)
  }

  remove(role: RoleNode, bindingKey: string): void {
    const grants = this.#granted.get(role)
    if (!grants?.delete(bindingKey) || grants.size > 0) return
    this.#granted.delete(role)
    role.scopes.delete(this)
    this.#missing.delete(role)
    this.#leave(role, role.compiled)
  }

  /** A role has got other rules, or there is none any more. */
  changed(role: RoleNode, before: CompiledRole | undefined): void {
    this.#missing.delete(role)
    this.#leave(role, before)
    this.#enter(role, role.compiled)
  }

  /** The grant by which a request for a resource is allowed, if one is. */
  forResource(keys: readonly string[], verb: string): Grant | undefined {
    if (this.#granted.size > mostAsked) return this.#indexed(keys, verb)
    for (const [{ compiled }, grants] of this.#granted)
      if (compiled) for (const key of keys) if (compiled.allowsKey(key, verb)) return first(grants)
    return undefined
  }

  /** The grant by which a request for a path is allowed, if one is. */
  forPath(path: string, verb: string): Grant | undefined {
    for (const [{ compiled }, grants] of this.#granted) if (compiled?.allowsPath(path, verb)) return first(grants)
    return undefined
  }

  #indexed(keys: readonly string[], verb: string): Grant | undefined {
    if (!this.#byKey) {
      this.#byKey = new Map()
      for (const role of this.#granted.keys()) this.#index(role, role.compiled)
    }
    for (const key of keys)
      for (const role of this.#byKey.get(key) ?? [])
        if (role.compiled?.allowsKey(key, verb)) return first(this.#granted.get(role))
    return undefined
  }

  #enter(role: RoleNode, compiled: CompiledRole | undefined): void {
    if (!compiled) this.#missing.add(role)
    this.#index(role, compiled)
  }

  #index(role: RoleNode, compiled: CompiledRole | undefined): void {
    if (!this.#byKey || !compiled) return
    for (const key of compiled.resources.keys()) {
      const roles = this.#byKey.get(key)
      if (roles) roles.add(role)
      else this.#byKey.set(key, new Set([role]))
    }
  }

  #leave(role: RoleNode, compiled: CompiledRole | undefined): void {
    if (!this.#byKey || !compiled) return
    for (const key of compiled.resources.keys()) {
      const roles = this.#byKey.get(key)
      if (roles?.delete(role) && roles.size === 0) this.#byKey.delete(key)
    }
  }
}

function first(grants: ReadonlyMap<string, Grant> | undefined): Grant | undefined {
  for (const grant of grants?.values() ?? []) return grant
  return undefined
}
