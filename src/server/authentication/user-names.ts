/** Names and groups that Kubernetes gives a meaning: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'
export const anonymousName = 'system:anonymous'
export const nodesGroup = 'system:nodes'
export const mastersGroup = 'system:masters'

const accountPrefix = 'system:serviceaccount:'
const nodePrefix = 'system:node:'

export interface AccountName {
  readonly namespace: string
  readonly name: string
}

/** `system:serviceaccount:NAMESPACE:NAME`. */
export const accountUser = ({ namespace, name }: AccountName): string => `${accountPrefix}${namespace}:${name}`

/** The groups of every service account of a namespace. */
export const accountGroups = (namespace: string): readonly string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
]

/** The service account that a user name stands for, if it is one. */
export function accountOf(user: string): AccountName | undefined {
  if (!user.startsWith(accountPrefix)) return undefined
  const [namespace, name, ...rest] = user.slice(accountPrefix.length).split(':')
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined
}

/** The node that a user is, by its name and group; undefined for others. */
export function nodeOf({
  name,
  groups,
}: {
  readonly name: string
  readonly groups: readonly string[]
}): string | undefined {
  return name.startsWith(nodePrefix) && groups.includes(nodesGroup) ? name.slice(nodePrefix.length) : undefined
}

/** The node that a user name stands for, whatever its groups. */
export const nodeNamed = (user: string): string | undefined =>
  user.startsWith(nodePrefix) && user.length > nodePrefix.length ? user.slice(nodePrefix.length) : undefined
