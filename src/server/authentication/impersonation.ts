import type { ApiRequest, ApiResponse, UserInfo } from '../../machinery/http.js'
import type { AccessRequest } from '../authorization/access-request.js'
import { type Authorizer, refusal } from '../authorization/authorizer.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { faultText } from '../respond.js'
import { constrained } from './constrained-impersonation.js'
import { headerValues, prefixedHeaders } from './header-values.js'
import { type Impersonated, impersonation, userAs } from './impersonated-user.js'
import { accountOf } from './user-names.js'

const extraPrefix = 'impersonate-extra-'

/**
 * Lets users act as others, if they may: https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 * Everything that is asked for (name, groups, uid, extra) must be allowed by itself.
 */
export const impersonationStage =
  (authorizer: Authorizer): Stage =>
  (context, next) => {
    const asked = impersonatedBy(context.request)
    return asked ? actAs(authorizer, context, asked, next) : next()
  }

async function actAs(
  authorizer: Authorizer,
  context: RequestContext,
  asked: Impersonated,
  next: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const { request, user } = context
  if (!asked.name) return faultText(request, `requested ${describe(asked)} without impersonating a user`)
  context.user = (await constrained(authorizer, context, asked)) ?? (await impersonate(authorizer, user, asked))
  return next()
}

/** Undefined if no header speaks of it. */
function impersonatedBy(request: ApiRequest): Impersonated | undefined {
  let found = false
  for (const name in request.headers)
    if (name.startsWith('impersonate-')) {
      found = true
      break
    }
  if (!found) return undefined
  const [name = ''] = headerValues(request, 'impersonate-user')
  const [uid = ''] = headerValues(request, 'impersonate-uid')
  const groups = headerValues(request, 'impersonate-group')
  const extra = prefixedHeaders(request, extraPrefix)
  return name || uid || groups.length > 0 || Object.keys(extra).length > 0 ? { name, uid, groups, extra } : undefined
}

async function impersonate(authorizer: Authorizer, user: UserInfo, asked: Impersonated): Promise<UserInfo> {
  for (const request of requestsFor(asked)) {
    const { verdict, reason } = await authorizer.authorize(user, request)
    if (verdict !== 'allow') throw refusal(user, request, reason)
  }
  return userAs(asked)
}

/** The references that were asked for, as upstream lists them. */
function describe({ uid, groups, extra }: Impersonated): string {
  const reference = (kind: string, name: string, apiVersion = '', fieldPath = '') =>
    `{${[kind, '', name, '', apiVersion, '', fieldPath].join(' ')}}`
  const references = [
    ...groups.map(name => reference('Group', name)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map(value => reference('UserExtra', value, 'authentication.k8s.io/v1', key)),
    ),
    ...(uid ? [reference('UID', uid, 'authentication.k8s.io/v1')] : []),
  ]
  return `[${references.join(' ')}]`
}

function* requestsFor({ name, uid, groups, extra }: Impersonated): Generator<AccessRequest> {
  const account = accountOf(name)
  yield account
    ? impersonation('impersonate', '', 'serviceaccounts', account.name, { namespace: account.namespace })
    : impersonation('impersonate', '', 'users', name)
  for (const group of groups) yield impersonation('impersonate', '', 'groups', group)
  for (const [key, values] of Object.entries(extra))
    for (const value of values)
      yield impersonation('impersonate', 'authentication.k8s.io', 'userextras', value, { subresource: key })
  if (uid) yield impersonation('impersonate', 'authentication.k8s.io', 'uids', uid)
}
