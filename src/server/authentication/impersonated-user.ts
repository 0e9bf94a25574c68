import type { UserInfo } from '../../machinery/http.js'
import type { AccessRequest } from '../authorization/access-request.js'
import { accountGroups, accountOf, anonymousName, authenticatedGroup, unauthenticatedGroup } from './user-names.js'

/** Whom the headers of a request ask to act as. */
export interface Impersonated {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: { readonly [key: string]: readonly string[] }
}

/** A question whether somebody may act as somebody, or with something. */
export const impersonation = (
  verb: string,
  group: string,
  plural: string,
  name: string,
  { namespace = '', subresource = '' } = {},
): AccessRequest => ({
  verb,
  path: '',
  resource: { group, version: group ? 'v1' : '', plural, name, namespace, subresource, rest: '' },
})

/** The user one becomes: groups are completed as if the user had authenticated. */
export function userAs({ name, uid, groups: asked, extra }: Impersonated): UserInfo {
  const account = accountOf(name)
  const groups = account && asked.length === 0 ? accountGroups(account.namespace) : asked
  const own = name === anonymousName ? unauthenticatedGroup : authenticatedGroup
  const complete =
    groups.includes(own) || (name !== anonymousName && groups.includes(unauthenticatedGroup))
      ? groups
      : [...groups, own]
  return {
    name,
    groups: complete,
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}
