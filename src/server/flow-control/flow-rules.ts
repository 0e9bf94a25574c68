import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/flowcontrol/v1/index.js'
import type { UserInfo } from '../../machinery/http.js'
import type { RequestInfo, ResourceInfo } from '../request-info.js'

/** A flow schema made ready to be asked whether it is for a request. */
export type FlowTest = (info: RequestInfo, user: UserInfo) => boolean

/**
 * Compiles the rules of a flow schema: a request matches if one rule has a subject that is its user, and a resource or
 * path that is its own. https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#flowschema
 */
export function flowTest(rules: readonly PolicyRulesWithSubjects[] | undefined): FlowTest {
  const tests = (rules ?? []).map(ruleTest)
  return (info, user) => {
    for (const test of tests) if (test(info, user)) return true
    return false
  }
}

/** The order in which flow schemas are asked: by precedence, then by name. */
export const byPrecedence = (a: FlowSchema, b: FlowSchema): number =>
  a.spec.matchingPrecedence - b.spec.matchingPrecedence || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)

function ruleTest({ subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects): FlowTest {
  const users = (subjects ?? []).map(subjectTest)
  const resources = (resourceRules ?? []).map(resourceTest)
  const paths = (nonResourceRules ?? []).map(pathTest)
  return (info, user) => {
    if (!users.some(test => test(user))) return false
    const { resource, verb } = info
    if (resource) {
      for (const test of resources) if (test(verb, resource)) return true
      return false
    }
    for (const test of paths) if (test(verb, info.path)) return true
    return false
  }
}

const serviceAccountPrefix = 'system:serviceaccount:'

function subjectTest({ kind, user, group, serviceAccount }: Subject): (user: UserInfo) => boolean {
  if (kind === 'User' && user) return user.name === '*' ? always : ({ name }) => name === user.name
  if (kind === 'Group' && group) return group.name === '*' ? always : ({ groups }) => groups.includes(group.name)
  if (kind === 'ServiceAccount' && serviceAccount) {
    const { namespace, name } = serviceAccount
    if (name !== '*') {
      const whole = `${serviceAccountPrefix}${namespace}:${name}`
      return user => user.name === whole
    }
    const start = `${serviceAccountPrefix}${namespace}:`
    return user => user.name.startsWith(start) && user.name.indexOf(':', start.length) < 0
  }
  return never
}

const always = () => true
const never = () => false

const oneOf = (values: readonly string[] | null): ((value: string) => boolean) => {
  const list = values ?? []
  if (list.includes('*')) return always
  const set = new Set(list)
  return value => set.has(value)
}

function resourceTest(rule: ResourcePolicyRule): (verb: string, resource: ResourceInfo) => boolean {
  const verbs = oneOf(rule.verbs)
  const groups = oneOf(rule.apiGroups)
  const resources = oneOf(rule.resources)
  const namespaces = oneOf(rule.namespaces ?? null)
  const clusterScope = rule.clusterScope === true
  return (verb, { group, plural, subresource, namespace }) =>
    verbs(verb) &&
    groups(group) &&
    resources(subresource ? `${plural}/${subresource}` : plural) &&
    (namespace === '' ? clusterScope : namespaces(namespace))
}

function pathTest({ verbs: allowed, nonResourceURLs }: NonResourcePolicyRule): (verb: string, path: string) => boolean {
  const verbs = oneOf(allowed)
  const urls = nonResourceURLs ?? []
  if (urls.includes('*')) return verbs
  const whole = new Set(urls.filter(url => !url.endsWith('*')))
  const starts = urls.filter(url => url.endsWith('*')).map(url => url.slice(0, -1))
  return (verb, path) => verbs(verb) && (whole.has(path) || starts.some(start => path.startsWith(start)))
}
