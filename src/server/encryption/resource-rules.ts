import type { EncryptionConfiguration, ProviderConfiguration } from './configuration.js'

/** A resource as the configuration names it; `*` stands for any. */
export interface GroupResource {
  readonly group: string
  readonly plural: string
}

/** The providers of what one name means, in order. */
export interface ResourceRule extends GroupResource {
  readonly providers: readonly ProviderConfiguration[]
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
export function groupResourceOf(name: string): GroupResource {
  const dot = name.indexOf('.')
  return dot < 0 ? { group: '', plural: name } : { group: name.slice(dot + 1), plural: name.slice(0, dot) }
}

/** The rules of a configuration, in its order. */
export const rulesOf = ({ resources = [] }: EncryptionConfiguration): readonly ResourceRule[] =>
  resources.flatMap(({ resources: names = [], providers = [] }) =>
    names.map(name => ({ ...groupResourceOf(name), providers })),
  )

/** Why a rule could never be applied: an earlier one with a wildcard means the same resources. */
export function maskedBy(rules: readonly ResourceRule[]): string | undefined {
  for (const [i, { group, plural }] of rules.entries()) {
    for (const wildcard of [
      { group, plural: '*' },
      { group: '*', plural: '*' },
    ])
      if (rules.slice(0, i).some(earlier => earlier.group === wildcard.group && earlier.plural === '*'))
        return `resource ${JSON.stringify(nameOf({ group, plural }))} is masked by earlier rule ${JSON.stringify(nameOf(wildcard))}`
  }
  return undefined
}

const nameOf = ({ group, plural }: GroupResource): string =>
  group === '' && plural !== '*' ? plural : `${plural}.${group}`

/**
 * What is kept for a resource by name: that of the resource itself, else that of any resource of its group, else that of
 * any resource.
 */
export function applying<T>(rules: ReadonlyMap<string, T>, { group, plural }: GroupResource): T | undefined {
  return rules.get(ruleKey({ group, plural })) ?? rules.get(ruleKey({ group, plural: '*' })) ?? rules.get('*.*')
}

export const ruleKey = ({ group, plural }: GroupResource): string => `${plural}.${group}`
