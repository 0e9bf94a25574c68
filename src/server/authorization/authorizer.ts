import type { PolicyRule } from '../../api/rbac/v1/index.js'
import type { ApiResponse, UserInfo } from '../../machinery/http.js'
import { qualified, StatusError } from '../../machinery/status-error.js'
import type { Stage } from '../pipeline.js'
import type { PluginLimits } from '../plugin-limits.js'
import type { RequestMatch } from '../request-match.js'
import { faultText } from '../respond.js'
import { type AccessRequest, accessOf } from './access-request.js'

/**
 * - `allow` and `deny` end the matter.
 * - `none`: this authorizer has nothing to say, the next one is asked; if none has, the request is refused.
 */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'none'
  /** For the refusal's message, or the answer of an access review. */
  readonly reason: string
  /** What went wrong while deciding. */
  readonly error?: string
}

/** What somebody may do in a namespace, as far as an authorizer can list it. */
export interface RuleList {
  readonly rules: readonly PolicyRule[]
  /** There may be more that cannot be listed. */
  readonly incomplete: boolean
  readonly errors: readonly string[]
}

/** May this user do that? Asked once per request, before anything else is looked at. */
export interface Authorizer {
  authorize(user: UserInfo, request: AccessRequest): Decision | Promise<Decision>
  rulesFor(user: UserInfo, namespace: string): RuleList
}

/** An authorizer that comes with a configuration. It is asked before roles are looked at, but for administrators. */
export interface AuthorizerPlugin extends PluginLimits {
  readonly name: string
  /**
   * Which requests it is asked about; all of them by default. The cluster's own components (kubelets, controllers, the
   * scheduler) are never asked about.
   */
  readonly match?: RequestMatch
  /** Undefined: it has nothing to say, and the next one is asked. */
  authorize(user: UserInfo, request: AccessRequest): PluginDecision | Promise<PluginDecision>
}

export type PluginDecision = { readonly verdict: 'allow' | 'deny' | 'none'; readonly reason?: string } | undefined

const nothing: Decision = { verdict: 'none', reason: '' }
const noRules: RuleList = { rules: [], incomplete: false, errors: [] }
const everything: Decision = { verdict: 'allow', reason: '' }

/** Asks one after the other: the first to allow or deny decides. */
export function firstOf(authorizers: readonly Authorizer[]): Authorizer {
  // Without a promise as long as nobody needs one: this runs for every request.
  const ask = (
    user: UserInfo,
    request: AccessRequest,
    from: number,
    before: Decision,
  ): Decision | Promise<Decision> => {
    let gathered = before
    for (let i = from; i < authorizers.length; i++) {
      const decision = authorizers[i]?.authorize(user, request) ?? nothing
      if (decision instanceof Promise)
        return decision.then(late =>
          late.verdict === 'none' ? ask(user, request, i + 1, together(gathered, late)) : late,
        )
      if (decision.verdict !== 'none') return decision
      gathered = together(gathered, decision)
    }
    return gathered
  }
  return {
    authorize: (user, request) => ask(user, request, 0, nothing),
    rulesFor(user, namespace) {
      const lists = authorizers.map(authorizer => authorizer.rulesFor(user, namespace))
      return {
        rules: lists.flatMap(({ rules }) => rules),
        incomplete: lists.some(({ incomplete }) => incomplete),
        errors: lists.flatMap(({ errors }) => errors),
      }
    },
  }
}

/** What two who had nothing to say have said. */
function together(one: Decision, other: Decision): Decision {
  if (!one.reason && !one.error) return other
  if (!other.reason && !other.error) return one
  const error = [one.error, other.error].filter(Boolean).join(', ')
  return {
    verdict: 'none',
    reason: [one.reason, other.reason].filter(Boolean).join('\n'),
    ...(error ? { error } : {}),
  }
}

const everyRule: RuleList = {
  rules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
  incomplete: false,
  errors: [],
}

/** Members of the group may do everything. */
export const privilegedGroup = (group: string): Authorizer => ({
  authorize: ({ groups }) => (groups.includes(group) ? everything : nothing),
  rulesFor: () => noRules,
})

/** The mode AlwaysAllow: everybody who gets this far may do everything. */
export const alwaysAllow: Authorizer = { authorize: () => everything, rulesFor: () => everyRule }

/** The mode AlwaysDeny. */
export const alwaysDeny: Authorizer = {
  authorize: () => ({ verdict: 'none', reason: 'Everything is forbidden.' }),
  rulesFor: () => noRules,
}

/** The authorization stage: https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
export function authorizationStage(authorizer: Authorizer): Stage {
  return (context, next) => {
    const { user } = context
    const request = accessOf(context)
    const settle = ({ verdict, reason, error }: Decision): Promise<ApiResponse> => {
      context.annotate?.('authorization.k8s.io/decision', verdict === 'allow' ? 'allow' : 'forbid')
      context.annotate?.('authorization.k8s.io/reason', error ?? reason)
      if (verdict === 'allow') return next()
      // Nobody could say whether it is allowed.
      if (error) return Promise.resolve(faultText(context.request, error))
      throw refusal(user, request, reason)
    }
    const decision = authorizer.authorize(user, request)
    return decision instanceof Promise ? decision.then(settle) : settle(decision)
  }
}

/** The 403 as clients know it. */
export function refusal(user: UserInfo, { verb, path, resource }: AccessRequest, reason: string): StatusError {
  const because = reason ? `: ${reason}` : ''
  if (!resource)
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: User "${user.name}" cannot ${verb} path "${path}"${because}`,
      {},
    )
  const { group, plural, subresource, namespace, name } = resource
  const what = `${subresource ? `${plural}/${subresource}` : plural}`
  const where = namespace ? ` in the namespace "${namespace}"` : ' at the cluster scope'
  const target = qualified({ group, plural })
  return new StatusError(
    403,
    'Forbidden',
    `${target}${name ? ` "${name}"` : ''} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${where}${because}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural },
  )
}
