import { mastersGroup } from '../authentication/user-names.js'
import type { Registries } from '../registry/registries.js'
import { type Authorizer, alwaysAllow, alwaysDeny, firstOf, privilegedGroup } from './authorizer.js'
import { followNodes, nodeAuthorizer } from './node/node-authorizer.js'
import type { NodeGraph } from './node/node-graph.js'
import { followRbac, rbacAuthorizer } from './rbac/rbac-authorizer.js'
import type { RbacIndex } from './rbac/rbac-index.js'

export type AuthorizationMode = 'AlwaysAllow' | 'AlwaysDeny' | 'Node' | 'RBAC'

export const authorizationModes: readonly AuthorizationMode[] = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC']

/** What decides who may do what, and what it decides by. */
export interface Authorization {
  readonly authorizer: Authorizer
  /** Follows roles and bindings from its first use on. */
  readonly rbac: () => RbacIndex
}

/** The authorizers of the given modes, and others between them, in order, behind that of administrators. */
export function authorizationOf(
  modes: readonly (AuthorizationMode | Authorizer)[],
  registries: Registries,
): Authorization {
  let index: RbacIndex | undefined
  const rbac = () => (index ??= followRbac(registries))
  let graph: NodeGraph | undefined
  const nodes = () => (graph ??= followNodes(registries))
  const byMode: { readonly [mode in AuthorizationMode]: () => Authorizer } = {
    AlwaysAllow: () => alwaysAllow,
    AlwaysDeny: () => alwaysDeny,
    Node: () => nodeAuthorizer(nodes),
    RBAC: () => rbacAuthorizer(rbac),
  }
  const authorizers = modes.map(mode => (typeof mode === 'string' ? byMode[mode]() : mode))
  return { authorizer: firstOf([privilegedGroup(mastersGroup), ...authorizers]), rbac }
}
