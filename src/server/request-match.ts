import type { UserInfo } from '../machinery/http.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind, Typed } from '../schema/index.js'
import type { RequestInfo } from './request-info.js'

/**
 * A kind (`Deployment`: its objects, in whatever version), or text as RBAC and webhooks have it: `deployments`,
 * `deployments.apps`, `pods/exec`; `*` stands for any name, `*` + `/*` for all resources with their subresources.
 */
export type ResourceMatch = string | Pick<Kind, 'gvk' | 'plural'>

/** The type of the objects that a `ResourceMatch` is about; any object's if it is text. */
export type ObjectOf<R> = R extends Typed<infer T, unknown> ? (T extends ApiObject ? T : ApiObject) : ApiObject

/**
 * Which requests a plugin wants to see. Everything that is said must hold; what is not said does not matter. Names may
 * have `*` in them for any characters, and `!` in front for those that are left out: `['team-*', '!team-blue']`. With
 * `namespaces`, objects of the cluster match only if all its names are such exceptions.
 */
export interface RequestMatch {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of other paths `get`, `post`, ... */
  readonly verbs?: readonly string[]
  readonly resources?: readonly ResourceMatch[]
  readonly namespaces?: readonly string[]
  readonly users?: readonly string[]
  /** The user is in one of them, and in none of the exceptions. */
  readonly groups?: readonly string[]
}

/** A resource as a request names it. */
export interface MatchedResource {
  readonly group: string
  readonly plural: string
  readonly subresource: string
}

/** Compiles names with `*` and `!` to a test. */
export function nameMatcher(patterns: readonly string[] | undefined): (name: string) => boolean {
  if (!patterns) return () => true
  const included = patterns.filter(pattern => !pattern.startsWith('!')).map(expressionOf)
  const excluded = patterns.filter(pattern => pattern.startsWith('!')).map(pattern => expressionOf(pattern.slice(1)))
  return name =>
    (included.length === 0 || included.some(one => one.test(name))) && !excluded.some(one => one.test(name))
}

const expressionOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.+')}$`)

/** Compiles resources to a test. */
export function resourceMatcher(rules: readonly ResourceMatch[] | undefined): (resource: MatchedResource) => boolean {
  if (!rules) return () => true
  const tests = rules.map(rule => {
    if (typeof rule !== 'string')
      return ({ group, plural, subresource }: MatchedResource) =>
        plural === rule.plural && group === rule.gvk.group && !subresource
    const [resource = '', subresource = ''] = rule.split('/')
    const dot = resource.indexOf('.')
    const isPlural = wordMatcher(dot < 0 ? resource : resource.slice(0, dot))
    const isGroup = dot < 0 ? () => true : wordMatcher(resource.slice(dot + 1))
    const isSubresource = subresource === '*' ? () => true : (name: string) => name === subresource
    return (of: MatchedResource) => isPlural(of.plural) && isGroup(of.group) && isSubresource(of.subresource)
  })
  return resource => tests.some(matches => matches(resource))
}

const wordMatcher = (word: string): ((name: string) => boolean) =>
  word === '*' ? () => true : word.includes('*') ? nameMatcher([word]) : name => name === word

/** Compiles a match to a test of who asks for what. */
export function requestMatcher(match: RequestMatch = {}): (user: UserInfo, request: RequestInfo) => boolean {
  const isVerb = nameMatcher(match.verbs)
  const isResource = resourceMatcher(match.resources)
  const isNamespace = nameMatcher(match.namespaces)
  const isUser = nameMatcher(match.users)
  const inGroups = groupMatcher(match.groups)
  const ofResources = match.resources !== undefined || match.namespaces !== undefined
  return (user, { verb, resource }) =>
    isVerb(verb) &&
    (resource ? isResource(resource) && isNamespace(resource.namespace) : !ofResources) &&
    isUser(user.name) &&
    inGroups(user.groups)
}

function groupMatcher(patterns: readonly string[] | undefined): (groups: readonly string[]) => boolean {
  if (!patterns) return () => true
  const isIncluded = nameMatcher(patterns.filter(pattern => !pattern.startsWith('!')))
  const excluded = patterns.filter(pattern => pattern.startsWith('!')).map(pattern => pattern.slice(1))
  const isExcluded = excluded.length > 0 ? nameMatcher(excluded) : () => false
  const anyone = excluded.length === patterns.length
  return groups => (anyone || groups.some(isIncluded)) && !groups.some(isExcluded)
}
