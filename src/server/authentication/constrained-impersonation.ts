import type { UserInfo } from '../../machinery/http.js'
import { type AccessRequest, accessOf } from '../authorization/access-request.js'
import type { Authorizer } from '../authorization/authorizer.js'
import type { RequestContext } from '../pipeline.js'
import { type Impersonated, impersonation, userAs } from './impersonated-user.js'
import { accountOf, nodeNamed, nodesGroup } from './user-names.js'

const group = 'authentication.k8s.io'
const nodeNameKey = 'authentication.kubernetes.io/node-name'

/** A way to act as somebody: what must be allowed, and who one is then. */
interface Mode {
  readonly name: string
  readonly asks: readonly AccessRequest[]
  readonly user: UserInfo
}

/**
 * Impersonation that is limited to some actions: besides acting as somebody (`impersonate:<mode>`), doing so for this very
 * request must be allowed (`impersonate-on:<mode>:<verb>`). Undefined if that is not granted.
 * https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/#constrained-impersonation
 */
export async function constrained(
  authorizer: Authorizer,
  context: RequestContext,
  asked: Impersonated,
): Promise<UserInfo | undefined> {
  const { user } = context
  const allows = async (request: AccessRequest): Promise<boolean> =>
    (await authorizer.authorize(user, request)).verdict === 'allow'
  const wanted = accessOf(context)
  for (const mode of modesOf(user, asked)) {
    // The mode first: it is granted to few, so that most requests stop here.
    const on = await allows({ ...wanted, verb: `impersonate-on:${mode.name}:${wanted.verb}` })
    if (on && (await every(mode.asks, allows))) return mode.user
  }
  return undefined
}

async function every<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (!(await holds(item))) return false
  return true
}

function modesOf(user: UserInfo, asked: Impersonated): readonly Mode[] {
  const { name, uid, groups, extra } = asked
  const onlyName = !uid && groups.length === 0 && Object.keys(extra).length === 0
  const node = nodeNamed(name)
  if (node !== undefined) {
    if (!onlyName) return []
    const nodeUser = userAs({ ...asked, groups: [nodesGroup] })
    const associated = user.extra?.[nodeNameKey]
    const own = associated?.length === 1 && associated[0] === node
    const modes = own ? (['associated-node', 'arbitrary-node'] as const) : (['arbitrary-node'] as const)
    return modes.map(mode => ({
      name: mode,
      asks: [impersonation(`impersonate:${mode}`, group, 'nodes', mode === 'associated-node' ? '*' : node)],
      user: nodeUser,
    }))
  }
  const account = accountOf(name)
  if (account)
    return onlyName
      ? [
          {
            name: 'serviceaccount',
            asks: [
              impersonation('impersonate:serviceaccount', group, 'serviceaccounts', account.name, {
                namespace: account.namespace,
              }),
            ],
            user: userAs(asked),
          },
        ]
      : []
  const verb = 'impersonate:user-info'
  return [
    {
      name: 'user-info',
      asks: [
        impersonation(verb, group, 'users', name),
        ...groups.map(name => impersonation(verb, group, 'groups', name)),
        ...Object.entries(extra).flatMap(([key, values]) =>
          values.map(value => impersonation(verb, group, 'userextras', value, { subresource: key })),
        ),
        ...(uid ? [impersonation(verb, group, 'uids', uid)] : []),
      ],
      user: userAs(asked),
    },
  ]
}
