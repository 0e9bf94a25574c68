import type { SubjectAccessReview, SubjectAccessReviewInit } from '../../api/authorization/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import { messageOf } from '../../machinery/message-of.js'
import { Remembered } from '../authentication/remembered.js'
import { persistently } from '../authentication/webhook-tokens.js'
import type { AccessRequest } from './access-request.js'
import type { Authorizer, Decision } from './authorizer.js'
import type { MatchConditions } from './match-conditions.js'

export interface WebhookAuthorizerOptions {
  /** Asks the webhook; throws if it cannot be reached. */
  readonly ask: (review: SubjectAccessReviewInit) => Promise<SubjectAccessReview>
  /** How long answers are believed, in ms. */
  readonly authorizedMs: number
  readonly unauthorizedMs: number
  /** What counts when the webhook cannot be asked. */
  readonly failurePolicy: 'Deny' | 'NoOpinion'
  /** Only requests that all conditions fit are asked about. */
  readonly conditions?: MatchConditions
  readonly clock: Clock
}

/** Longer questions are not remembered: their parts are the client's to choose. */
const mostRemembered = 10_000

/** Asks a webhook: https://kubernetes.io/docs/reference/access-authn-authz/webhook/ */
export function webhookAuthorizer(options: WebhookAuthorizerOptions): Authorizer {
  const { ask, clock, failurePolicy, conditions } = options
  const remembered = new Remembered<Decision>({
    clock,
    lifetime: ({ verdict }) => (verdict === 'allow' ? options.authorizedMs : options.unauthorizedMs),
  })
  const failed = (error: unknown): Decision => ({
    verdict: failurePolicy === 'Deny' ? 'deny' : 'none',
    reason: '',
    error: messageOf(error),
  })
  const none: Decision = { verdict: 'none', reason: '' }
  return {
    async authorize(user, request) {
      const spec = specOf(user, request)
      try {
        if (conditions && !conditions(spec)) return none
        const question = JSON.stringify(spec)
        const decide = async () => decisionOf(await persistently(clock, () => ask({ metadata: {}, spec })))
        return await (question.length > mostRemembered ? decide() : remembered.get(question, decide))
      } catch (error) {
        return failed(error)
      }
    },
    rulesFor: () => ({
      rules: [],
      incomplete: true,
      errors: ['webhook authorizer does not support user rule resolution'],
    }),
  }
}

/** The review that asks for a request. */
function specOf(user: UserInfo, { verb, path, resource, fieldSelector, labelSelector }: AccessRequest) {
  const identity = {
    user: user.name,
    ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.extra ? { extra: user.extra } : {}),
  }
  if (!resource) return { ...identity, nonResourceAttributes: { path, verb } }
  const { namespace, group, version, plural, subresource, name } = resource
  const words = { namespace, verb, group, version, resource: plural, subresource, name }
  return {
    ...identity,
    resourceAttributes: {
      ...Object.fromEntries(Object.entries(words).filter(([, word]) => word)),
      ...(fieldSelector ? { fieldSelector: { requirements: fieldSelector } } : {}),
      ...(labelSelector ? { labelSelector: { requirements: labelSelector } } : {}),
    },
  }
}

/** The spec of a review, as it is asked. */
export type ReviewSpec = ReturnType<typeof specOf>

function decisionOf({ status }: SubjectAccessReview): Decision {
  const { allowed, denied, reason = '', evaluationError } = status
  if (allowed && denied) throw new Error('webhook subject access review returned both allow and deny response')
  return {
    verdict: allowed ? 'allow' : denied ? 'deny' : 'none',
    reason,
    ...(evaluationError && !allowed ? { error: evaluationError } : {}),
  }
}
