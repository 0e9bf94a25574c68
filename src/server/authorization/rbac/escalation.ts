import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type RoleRef,
} from '../../../api/rbac/v1/index.js'
import { goQuote } from '../../../machinery/go-format.js'
import type { UserInfo } from '../../../machinery/http.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { ApiObject } from '../../../machinery/object.js'
import { forbidden, notFound, type StatusError } from '../../../machinery/status-error.js'
import { type AdmissionPlugin, type AdmissionRequest, draftOf } from '../../admission/admission.js'
import type { AccessRequest } from '../access-request.js'
import { fullAuthority } from '../bootstrap-policy/rule.js'
import type { Authorization } from '../modes.js'
import { ruleText } from './describe.js'
import { missingText } from './rbac-authorizer.js'
import type { RbacIndex } from './rbac-index.js'
import { compactRules, missingRights } from './rule-coverage.js'

const group = 'rbac.authorization.k8s.io'

/**
 * Nobody grants more than they have, unless they may escalate or bind:
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 * Comes behind all plugins that change objects, as upstream's storage does.
 */
export const preventEscalation = ({ authorizer, rbac }: Authorization): AdmissionPlugin => {
  const allows = async (user: UserInfo, request: AccessRequest): Promise<boolean> =>
    (await authorizer.authorize(user, request)).verdict === 'allow'
  return {
    name: 'PreventEscalation',
    async mutate(request) {
      const { resource, subresource, operation, object, old, user } = request
      const { gvk } = resource.kind
      if (gvk.group !== group || subresource || !object || operation === 'DELETE') return
      if (user.groups.includes('system:masters') || isOnlyCollected(object as ApiObject, old)) return
      const role = draftOf(request, Role) ?? draftOf(request, ClusterRole)
      if (role && !(await allows(user, verbOn(request, 'escalate')))) checkRole(rbac(), request, role as ClusterRole)
      const binding = draftOf(request, RoleBinding) ?? draftOf(request, ClusterRoleBinding)
      if (!binding) return
      const bind = bindingOf(request, binding.roleRef)
      if (!bind || !(await allows(user, bind))) checkBinding(rbac(), request, binding.roleRef)
    },
  }
}

const verbOn = ({ resource, namespace, name, operation }: AdmissionRequest, verb: string): AccessRequest => ({
  verb,
  path: '',
  resource: {
    group,
    version: '*',
    plural: resource.kind.plural,
    subresource: '',
    namespace,
    // What is about to be created has no name in the path yet.
    name: operation === 'CREATE' ? '' : name,
    rest: '',
  },
})

function bindingOf({ namespace }: AdmissionRequest, { kind, apiGroup, name }: RoleRef): AccessRequest | undefined {
  const plural = kind === 'ClusterRole' ? 'clusterroles' : kind === 'Role' ? 'roles' : undefined
  return plural === undefined
    ? undefined
    : {
        verb: 'bind',
        path: '',
        resource: { group: apiGroup, version: '*', plural, subresource: '', namespace, name, rest: '' },
      }
}

function checkRole(index: RbacIndex, request: AdmissionRequest, { rules, aggregationRule }: ClusterRole): void {
  const why = escalation(index, request, rules ?? [])
  if (why) throw refused(request, why)
  // Who gathers rules gathers those of the future, too.
  const gathers = aggregationRule || (request.old as Partial<ClusterRole> | undefined)?.aggregationRule
  if (gathers && escalation(index, request, fullAuthority))
    throw refused(request, 'must have cluster-admin privileges to use an aggregationRule')
}

function checkBinding(index: RbacIndex, request: AdmissionRequest, roleRef: RoleRef): void {
  const { namespace } = request
  const rules = index.roleRules(roleRef, namespace)
  if (!rules) throw notFound({ group, plural: `${roleRef.kind.toLowerCase()}s` }, roleRef.name)
  const why = escalation(index, request, rules)
  if (why) throw refused(request, why)
}

const refused = ({ resource, object }: AdmissionRequest, why: string): StatusError =>
  forbidden({ group, plural: resource.kind.plural }, object?.metadata.name ?? '', why)

/** Why a user may not grant these rules; undefined if nothing stands against it. */
function escalation(
  index: RbacIndex,
  { user, namespace }: AdmissionRequest,
  rules: readonly PolicyRule[],
): string | undefined {
  const held = index.rulesOf(user, namespace)
  const missing = missingRights(held.rules, rules)
  if (missing.length === 0) return undefined
  const lines = [...new Set(compactRules(missing).map(ruleText))].sort()
  const groups = `[${user.groups.map(goQuote).join(' ')}]`
  const unresolved = held.missing.length > 0 ? `; resolution errors: [${missingText(held.missing, 's')}]` : ''
  return `user ${goQuote(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${unresolved}`
}

/** Whether an update does no more than letting the object go. */
function isOnlyCollected(object: ApiObject, old: ApiObject | undefined): boolean {
  if (!old) return false
  const { ownerReferences, finalizers, managedFields, resourceVersion } = old.metadata
  const kept = { ownerReferences, finalizers, managedFields, resourceVersion }
  const same = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    managedFields: _managed,
    resourceVersion: _version,
    ...metadata
  } = object.metadata
  return jsonEqual({ ...object, metadata: { ...metadata, ...same } }, old)
}
