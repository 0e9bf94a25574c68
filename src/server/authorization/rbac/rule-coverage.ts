import type { PolicyRule } from '../../../api/rbac/v1/index.js'

/** Rules with one verb, one group, one resource and at most one name each, or one path. */
function breakDown(rules: readonly PolicyRule[]): PolicyRule[] {
  return rules.flatMap(({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }) => {
    const named = resourceNames.length > 0 ? resourceNames.map(name => ({ resourceNames: [name] })) : [{}]
    const every = verbs ?? []
    return [
      ...apiGroups.flatMap(group =>
        resources.flatMap(resource =>
          every.flatMap(verb =>
            named.map(name => ({ verbs: [verb], apiGroups: [group], resources: [resource], ...name })),
          ),
        ),
      ),
      ...nonResourceURLs.flatMap(url => every.map(verb => ({ verbs: [verb], nonResourceURLs: [url] }))),
    ]
  })
}

/** The parts of `asked` that no rule of `held` allows. */
export function missingRights(held: readonly PolicyRule[], asked: readonly PolicyRule[]): PolicyRule[] {
  return breakDown(asked).filter(part => !held.some(rule => covers(rule, part)))
}

/** Whether one rule allows all that another one does. */
function covers(rule: PolicyRule, part: PolicyRule): boolean {
  const { resourceNames = [] } = rule
  const names = part.resourceNames ?? []
  return (
    coversAll(rule.verbs ?? [], part.verbs ?? []) &&
    coversAll(rule.apiGroups ?? [], part.apiGroups ?? []) &&
    coversResources(rule.resources ?? [], part.resources ?? []) &&
    (part.nonResourceURLs ?? []).every(url => (rule.nonResourceURLs ?? []).some(held => coversUrl(held, url))) &&
    (resourceNames.length === 0 || (names.length > 0 && names.every(name => resourceNames.includes(name))))
  )
}

const coversAll = (held: readonly string[], asked: readonly string[]): boolean =>
  held.includes('*') || asked.every(word => held.includes(word))

/** A star is every resource; a star, a slash and a name are that subresource of every resource. */
function coversResources(held: readonly string[], asked: readonly string[]): boolean {
  return (
    coversAll(held, asked) ||
    asked.every(resource => {
      const slash = resource.indexOf('/')
      return held.includes(resource) || (slash >= 0 && held.includes(`*${resource.slice(slash)}`))
    })
  )
}

/** A pattern covers a path it equals, or begins with all but its last star. */
export const coversUrl = (pattern: string, path: string): boolean =>
  pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')))

/** Joins rules about the same one resource (and name) by their verbs; what says more stays as it is. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
    if (apiGroups.length !== 1 || resources.length !== 1 || resourceNames.length > 1 || nonResourceURLs.length > 0) {
      others.push(rule)
      continue
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames])
    const known = simple.get(key)
    simple.set(key, known ? { ...known, verbs: [...(known.verbs ?? []), ...(rule.verbs ?? [])] } : rule)
  }
  return [...others, ...simple.values()]
}
