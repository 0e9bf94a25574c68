import { Policy, type PolicyRule } from '../../api/audit/v1/index.js'
import { invalidValue, joinErrors, notSupported } from '../../machinery/field-errors.js'
import type { UserInfo } from '../../machinery/http.js'
import { root } from '../../machinery/path.js'
import type { FieldError } from '../../machinery/status-error.js'
import { yamlValue } from '../../machinery/yaml-document.js'
import { decodeJson } from '../../schema/index.js'
import type { RequestInfo, ResourceInfo } from '../request-info.js'

/** How much of a request is written down. */
export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse'
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic'

/** What a policy says of a request. */
export interface AuditDecision {
  readonly level: AuditLevel
  readonly omitStages: ReadonlySet<string>
  readonly omitManagedFields: boolean
}

export type AuditPolicy = (user: UserInfo, info: RequestInfo) => AuditDecision

const levels: readonly string[] = ['Metadata', 'None', 'Request', 'RequestResponse']
const stages: readonly string[] = ['Panic', 'RequestReceived', 'ResponseComplete', 'ResponseStarted']

/**
 * Reads an audit policy, as https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy has it, from YAML.
 * Throws an `Error` that says what is wrong with it.
 */
export function readAuditPolicy(text: string): AuditPolicy {
  const policy = decode(text)
  if (!policy.rules?.length) throw new Error('it has no rules')
  const errors = validate(policy)
  if (errors.length > 0) throw new Error(joinErrors(errors))
  return compile(policy)
}

function decode(text: string): Policy {
  const value = yamlValue(text)
  if (typeof value !== 'object' || value === null) throw new Error('it is no object')
  const { kind, apiVersion } = value as { readonly kind?: unknown; readonly apiVersion?: unknown }
  if (kind !== 'Policy' || apiVersion !== 'audit.k8s.io/v1')
    throw new Error(`it is of kind ${String(kind)} in ${String(apiVersion)}, not of kind Policy in audit.k8s.io/v1`)
  const unknown: string[] = []
  const policy = decodeJson(Policy, value, { onUnknownField: field => unknown.push(field) })
  if (unknown.length > 0) throw new Error(unknown.map(field => `unknown field ${JSON.stringify(field)}`).join(', '))
  return policy as Policy
}

function validate({ rules, omitStages }: Policy): FieldError[] {
  const at = root.child('rules')
  return [
    ...stageErrors(omitStages, root.child('omitStages')),
    ...(rules ?? []).flatMap((rule, i) => {
      const here = at.index(i)
      return [
        ...(levels.includes(rule.level) ? [] : [notSupported(here.child('level'), rule.level, levels)]),
        ...resourceErrors(rule, here.child('resources')),
        ...urlErrors(rule, here.child('nonResourceURLs')),
        ...stageErrors(rule.omitStages, here.child('omitStages')),
      ]
    }),
  ]
}

type At = ReturnType<typeof root.child>

const stageErrors = (given: readonly string[] | null | undefined, at: At): FieldError[] =>
  (given ?? []).flatMap((stage, i) => (stages.includes(stage) ? [] : [notSupported(at.index(i), stage, stages)]))

function resourceErrors({ resources }: PolicyRule, at: At): FieldError[] {
  return (resources ?? []).flatMap(({ group = '', resources: names, resourceNames }, i) => [
    // A group is sometimes taken for a group with its version.
    ...(/^[a-z0-9.-]*$/.test(group)
      ? []
      : [invalidValue(at.index(i).child('group'), group, 'must be the name of a group, without its version')]),
    ...(resourceNames?.length && !names?.length
      ? [
          invalidValue(
            at.index(i).child('resourceNames'),
            resourceNames,
            'using resourceNames requires at least one resource',
          ),
        ]
      : []),
  ])
}

function urlErrors({ nonResourceURLs, resources, namespaces }: PolicyRule, at: At): FieldError[] {
  if (!nonResourceURLs?.length) return []
  if (resources?.length || namespaces?.length)
    return [invalidValue(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs')]
  return nonResourceURLs.flatMap((url, i) => {
    if (url === '*') return []
    if (!url.startsWith('/'))
      return [invalidValue(at.index(i), url, 'non-resource URL rules must begin with a "/" character')]
    return url.slice(0, -1).includes('*')
      ? [invalidValue(at.index(i), url, 'non-resource URL wildcards "*" must be the final character of the rule')]
      : []
  })
}

function compile({ rules, omitStages, omitManagedFields = false }: Policy): AuditPolicy {
  const compiled = (rules ?? []).map(rule => {
    const decision: AuditDecision = {
      level: rule.level as AuditLevel,
      omitStages: new Set([...(omitStages ?? []), ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    }
    return { matches: ruleTest(rule), decision }
  })
  // Who matches no rule is not written down.
  const none: AuditDecision = { level: 'None', omitStages: new Set(omitStages ?? []), omitManagedFields }
  return (user, info) => compiled.find(({ matches }) => matches(user, info))?.decision ?? none
}

function ruleTest(rule: PolicyRule): (user: UserInfo, info: RequestInfo) => boolean {
  const { users, userGroups, verbs, resources, namespaces, nonResourceURLs } = rule
  return (user, info) => {
    if (users?.length && !users.includes(user.name)) return false
    if (userGroups?.length && !userGroups.some(group => user.groups.includes(group))) return false
    if (verbs?.length && !verbs.includes(info.verb)) return false
    const { resource } = info
    if (namespaces?.length || resources?.length) {
      if (!resource) return false
      if (namespaces?.length && !namespaces.includes(resource.namespace)) return false
      return !resources?.length || resources.some(some => matchesResource(some, resource))
    }
    if (!nonResourceURLs?.length) return true
    return !resource && nonResourceURLs.some(url => matchesUrl(url, info.path))
  }
}

type GroupResources = NonNullable<PolicyRule['resources']>[number]

function matchesResource({ group = '', resources, resourceNames }: GroupResources, asked: ResourceInfo): boolean {
  if (group !== asked.group) return false
  if (!resources?.length) return true
  if (resourceNames?.length && !resourceNames.includes(asked.name)) return false
  const whole = asked.subresource ? `${asked.plural}/${asked.subresource}` : asked.plural
  return resources.some(
    name =>
      name === whole ||
      name === '*' ||
      (asked.subresource !== '' && name === `*/${asked.subresource}`) ||
      name === `${asked.plural}/*`,
  )
}

const matchesUrl = (url: string, path: string): boolean =>
  url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))
