import { SelfSubjectReview, TokenReview } from '../../api/authentication/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import { badRequest } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { beginReview } from '../authorization/access-review.js'
import { jsonValue } from '../respond.js'
import type { ActionHandler } from '../subresources/subresource.js'
import { type Authenticator, completeUser, type Reviewed } from './authenticator.js'

/** Reviews of who somebody is. Handlers by the resource's name. */
export const identityReviews = (
  authenticators: readonly Authenticator[],
  apiAudiences: readonly string[],
): { readonly [resource: string]: ActionHandler } => ({
  'selfsubjectreviews.authentication.k8s.io': selfReview,
  'tokenreviews.authentication.k8s.io': tokenReview(authenticators, apiAudiences),
})

const selfReview: ActionHandler = async call => {
  const { context, registry } = call
  beginReview(call, call.body as Draft<ApiObject>, call.write)
  const answer = {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: rfc3339(registry.host.clock.now()) },
    status: { userInfo: shown(context.user) },
  }
  return jsonValue(context.request, 201, answer, SelfSubjectReview)
}

const tokenReview =
  (authenticators: readonly Authenticator[], apiAudiences: readonly string[]): ActionHandler =>
  async call => {
    const draft = call.body as Draft<ApiObject> & TokenReview
    const { spec } = draft
    beginReview(call, draft, call.write)
    if (!spec.token) throw badRequest('token is required for TokenReview in authentication')
    const audiences = spec.audiences?.length ? spec.audiences : apiAudiences
    const found = await reviewToken(authenticators, spec.token, audiences, apiAudiences)
    const status =
      'error' in found
        ? { user: {}, error: found.error }
        : { authenticated: true, user: shown(found.user), audiences: found.audiences }
    return jsonValue(call.context.request, 201, { ...draft, status }, TokenReview)
  }

type Verdict = { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly error: string }

const invalidToken = 'invalid bearer token'

/** Asks all who know tokens. A token that is meant for others is as wrong as one that nobody knows. */
async function reviewToken(
  authenticators: readonly Authenticator[],
  token: string,
  audiences: readonly string[],
  apiAudiences: readonly string[],
): Promise<Verdict> {
  for (const authenticator of authenticators) {
    let found: Reviewed | undefined
    try {
      found = await authenticator.review?.(token, audiences)
    } catch {
      continue
    }
    const meant = found && (found.audiences ?? audiences.filter(audience => apiAudiences.includes(audience)))
    if (found && meant && meant.length > 0) return { user: completeUser(found.user), audiences: meant }
  }
  return { error: invalidToken }
}

/** A user as the API shows it. */
const shown = ({ name, uid, groups, extra }: UserInfo) => ({
  username: name,
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
})
