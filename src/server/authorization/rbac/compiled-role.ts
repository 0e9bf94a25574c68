import type { PolicyRule } from '../../../api/rbac/v1/index.js'
import type { ResourceInfo } from '../../request-info.js'
import { coversUrl } from './rule-coverage.js'

/**
 * The rules of a role, found by what they are about: group and resource, where either may be a star, and the name in
 * rules that name objects, a line each. A decision asks for the few keys that fit a request instead of reading every
 * rule.
 */
export class CompiledRole {
  /** Verbs by key. */
  readonly resources: ReadonlyMap<string, ReadonlySet<string>>
  readonly urls: readonly { readonly verbs: ReadonlySet<string>; readonly pattern: string }[]

  constructor(readonly rules: readonly PolicyRule[]) {
    const resourceVerbs = new Map<string, Set<string>>()
    for (const { verbs, apiGroups = [], resources = [], resourceNames = [] } of rules)
      for (const group of apiGroups)
        for (const resource of resources)
          for (const key of keysOf(group, resource, resourceNames)) {
            const known = resourceVerbs.get(key)
            if (known) for (const verb of verbs ?? []) known.add(verb)
            else resourceVerbs.set(key, new Set(verbs))
          }
    this.resources = resourceVerbs
    this.urls = rules.flatMap(({ verbs, nonResourceURLs = [] }) =>
      nonResourceURLs.map(pattern => ({ verbs: new Set(verbs), pattern })),
    )
  }

  /** Whether the rules under one key allow a verb. */
  allowsKey(key: string, verb: string): boolean {
    const verbs = this.resources.get(key)
    return verbs !== undefined && (verbs.has(verb) || verbs.has('*'))
  }

  allowsPath(path: string, verb: string): boolean {
    for (const { verbs, pattern } of this.urls)
      if ((verbs.has(verb) || verbs.has('*')) && coversUrl(pattern, path)) return true
    return false
  }
}

/** Words of two lines are no group, resource or name: they must not look like two of them. */
const isLine = (word: string): boolean => !word.includes('\n')

function keysOf(group: string, resource: string, names: readonly string[]): readonly string[] {
  if (!isLine(group) || !isLine(resource)) return []
  const key = `${group}\n${resource}`
  return names.length === 0 ? [key] : names.filter(isLine).map(name => `${key}\n${name}`)
}

/** The keys under which rules that allow a request can be. */
export function keysFor({ group, plural, subresource, name }: ResourceInfo): readonly string[] {
  const resource = subresource ? `${plural}/${subresource}` : plural
  const keys = [`${group}\n${resource}`, `*\n${resource}`, `${group}\n*`, '*\n*']
  if (subresource) keys.push(`${group}\n*/${subresource}`, `*\n*/${subresource}`)
  return name ? [...keys, ...keys.map(key => `${key}\n${name}`)] : keys
}
