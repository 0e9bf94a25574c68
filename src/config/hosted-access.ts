import type { UserInfo } from '../machinery/http.js'
import { StatusError, unauthorized } from '../machinery/status-error.js'
import { type Authenticator, bearerToken, type Reviewed } from '../server/authentication/authenticator.js'
import type { Authorizer, Decision, PluginDecision } from '../server/authorization/authorizer.js'
import { type RequestMatch, requestMatcher } from '../server/request-match.js'
import type { PluginEntry } from './manifest.js'
import { headData } from './plugin-call.js'
import { invalidAnswer, isComponent, type PluginCaller } from './plugin-caller.js'

/** The authenticators of a configuration, as the server asks them. Whatever they throw is a 401. */
export const hostedAuthenticators = (entries: readonly PluginEntry[], caller: PluginCaller): readonly Authenticator[] =>
  entries.map((entry, index) => {
    const { name, points } = entry
    const review = (token: string, audiences: readonly string[]) =>
      caller.ask(entry, { list: 'authenticators', index, point: 'review', token, audiences }, readReviewed)
    return {
      name,
      async authenticate(request) {
        if (!caller.active) return undefined
        try {
          const token = points.includes('review') ? bearerToken(request) : undefined
          const reviewed = token === undefined ? undefined : await review(token, [])
          if (reviewed || !points.includes('authenticate')) return reviewed?.user
          const call = { list: 'authenticators', index, point: 'authenticate', head: headData(request) } as const
          return await caller.ask(entry, call, readUser)
        } catch {
          throw unauthorized()
        }
      },
      ...(points.includes('review') ? { review } : {}),
    }
  })

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(one => typeof one === 'string')

const isTextMap = (value: unknown): value is { readonly [key: string]: readonly string[] } =>
  typeof value === 'object' && value !== null && Object.values(value).every(isTexts)

function readUser(answer: unknown): UserInfo | undefined {
  if (answer === undefined || answer === null) return undefined
  const { name, uid, groups, extra } = answer as Partial<UserInfo>
  if (typeof name !== 'string' || name === '' || !isTexts(groups) || (extra !== undefined && !isTextMap(extra)))
    return invalidAnswer(answer, 'a user such as { name: "jane", groups: ["developers"] }, or undefined')
  return { name, groups, ...(uid ? { uid: String(uid) } : {}), ...(extra ? { extra } : {}) }
}

function readReviewed(answer: unknown): Reviewed | undefined {
  if (answer === undefined || answer === null) return undefined
  const { user, audiences } = answer as Partial<Reviewed>
  const known = typeof user === 'object' ? readUser(user) : undefined
  if (!known || (audiences !== undefined && !isTexts(audiences)))
    return invalidAnswer(answer, '{ user: { name: "jane", groups: ["developers"] } }, or undefined')
  return { user: known, ...(audiences ? { audiences } : {}) }
}

/** The authorizers of a configuration, as the server asks them. */
export const hostedAuthorizers = (
  entries: readonly PluginEntry<RequestMatch>[],
  caller: PluginCaller,
): readonly Authorizer[] =>
  entries.map((entry, index) => {
    const { name, match } = entry
    const wants = requestMatcher(match)
    return {
      authorize(user, access) {
        if (!caller.active || isComponent(user) || !wants(user, access)) return nothing
        const call = { list: 'authorizers', index, point: 'authorize', user, access } as const
        return caller.ask(entry, call, readDecision).then(decision => decision ?? nothing, failed)
      },
      rulesFor: () => ({
        rules: [],
        incomplete: true,
        errors: [`the authorizer ${name} cannot list what it allows`],
      }),
    }
  })

const nothing: Decision = { verdict: 'none', reason: '' }

/** Whoever cannot be asked does not allow it, and it is told that nobody has decided that. */
function failed(error: unknown): Decision {
  const said = error instanceof Error ? error.message : String(error)
  return error instanceof StatusError && error.code < 500
    ? { verdict: 'deny', reason: said }
    : { verdict: 'deny', reason: '', error: said }
}

function readDecision(answer: unknown): Decision | undefined {
  if (answer === undefined || answer === null) return undefined
  const { verdict, reason = '' } = answer as NonNullable<PluginDecision>
  if (!['allow', 'deny', 'none'].includes(verdict) || typeof reason !== 'string')
    return invalidAnswer(answer, '{ verdict: "allow" }, { verdict: "deny", reason: "..." }, or undefined')
  return { verdict, reason }
}
