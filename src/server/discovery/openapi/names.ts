import { groupVersion } from '../groups.js'

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** A group as operation ids spell it: `Core`, `Apps`, `RbacAuthorization`, `StableExampleCom`. */
export const groupWord = (group: string): string =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('')

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)

/** The tag of a group's own path: `core`, `rbacAuthorization`. */
export const groupTag = (group: string): string => lower(groupWord(group))

/** The tag of all operations of a version: `core_v1`. */
export const versionTag = (group: string, version: string): string => `${groupTag(group)}_${version}`

/** What an operation id names besides its verb: `createCoreV1NamespacedPodBinding`. */
export interface Named {
  readonly group: string
  readonly version: string
  readonly namespaced: boolean
  readonly kind: string
  readonly subresource?: string
}

/** `verb` is followed by group, version, `within` (`Collection`, or the method of a connection), scope and kind. */
export const operationId = (
  verb: string,
  { group, version, namespaced, kind, subresource = '' }: Named,
  { within = '', suffix = '' } = {},
): string =>
  [
    verb,
    groupWord(group),
    capital(version),
    within,
    namespaced ? 'Namespaced' : '',
    kind,
    capital(subresource),
    suffix,
  ].join('')

/** A noun with its article, as `a Pod`, `an Ingress`; plurals have none. */
export function withArticle(noun: string): string {
  if (noun.endsWith('s') && !noun.endsWith('ss')) return noun
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
}

/** The path below which a version is served: `/apis/apps/v1`. */
export const versionPath = (group: string, version: string): string =>
  `/${group ? 'apis' : 'api'}/${groupVersion(group, version)}`
