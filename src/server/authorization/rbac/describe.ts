import type { PolicyRule, RoleRef, Subject } from '../../../api/rbac/v1/index.js'
import { goQuote } from '../../../machinery/go-format.js'

/** A binding, as far as decisions and their reasons need it. */
export interface BindingName {
  readonly name: string
  /** Empty for cluster role bindings. */
  readonly namespace: string
  readonly roleRef: RoleRef
}

const quotedList = (words: readonly string[]): string => `[${words.map(goQuote).join(' ')}]`

/** A rule as refusals print it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  })
  const shown = parts.flatMap(([name, words]) => (words?.length ? [`${name}:${quotedList(words)}`] : []))
  return `{${shown.join(', ')}}`
}

/** Why RBAC allows something. */
export function allowedBy({ name, namespace, roleRef }: BindingName, subject: Subject): string {
  const binding = namespace ? `RoleBinding ${goQuote(`${name}/${namespace}`)}` : `ClusterRoleBinding ${goQuote(name)}`
  return `RBAC: allowed by ${binding} of ${roleRef.kind} ${goQuote(roleRef.name)} to ${subjectText(subject)}`
}

const subjectText = ({ kind, name, namespace }: Subject): string =>
  kind === 'ServiceAccount' && namespace ? `${kind} ${goQuote(`${name}/${namespace}`)}` : `${kind} ${goQuote(name)}`

/** Several texts as one error says them: each once, in brackets if they are several. */
export function aggregateText(texts: readonly string[]): string {
  const distinct = [...new Set(texts)]
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`
}
