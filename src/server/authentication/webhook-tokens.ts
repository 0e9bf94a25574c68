import type { TokenReview, TokenReviewInit } from '../../api/authentication/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import { sleep } from '../../machinery/clock.js'
import { StatusError, unauthorized } from '../../machinery/status-error.js'
import { type Authenticator, bearerToken, type Reviewed } from './authenticator.js'
import { Remembered } from './remembered.js'

export interface WebhookTokensOptions {
  /** Asks the webhook; throws if it cannot be reached. */
  readonly ask: (review: TokenReviewInit) => Promise<TokenReview>
  /** What the API server calls itself. */
  readonly audiences: readonly string[]
  /** How long an answer is believed, in ms. */
  readonly lifetimeMs: number
  readonly clock: Clock
}

/** Tries before a webhook that does not answer is given up, and the pause before the second one in ms. */
const tries = 5
const firstPauseMs = 500

/** Asks a webhook about tokens: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication */
export function webhookTokens({ ask, audiences, lifetimeMs, clock }: WebhookTokensOptions): Authenticator {
  const remembered = new Remembered<Reviewed | undefined>({ clock, lifetime: () => lifetimeMs })
  const review = (token: string, wanted: readonly string[]): Promise<Reviewed | undefined> =>
    remembered.get(JSON.stringify([token, wanted]), async () => {
      const { status } = await persistently(clock, () => ask({ metadata: {}, spec: { token, audiences: [...wanted] } }))
      const { authenticated, user, audiences: answered } = status
      if (!authenticated || !user?.username) return undefined
      // One that knows nothing of audiences means the API server's.
      const known = answered?.length ? answered : audiences
      const meant = wanted.filter(audience => known.includes(audience))
      if (wanted.length > 0 && meant.length === 0) return undefined
      return {
        user: {
          name: user.username,
          groups: user.groups ?? [],
          ...(user.uid ? { uid: user.uid } : {}),
          ...(user.extra ? { extra: user.extra } : {}),
        },
        audiences: meant,
      }
    })
  return {
    name: 'webhook',
    async authenticate(request) {
      const token = bearerToken(request)
      if (token === undefined) return undefined
      try {
        return (await review(token, audiences))?.user
      } catch {
        throw unauthorized()
      }
    },
    review,
  }
}

/** Tries again what fails for reasons that may pass: no answer, too many requests, a fault of the other side. */
export async function persistently<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  for (let i = 1, pause = firstPauseMs; ; i++, pause *= 1.5) {
    try {
      return await attempt()
    } catch (error) {
      const passing = !(error instanceof StatusError) || error.code === 429 || error.code >= 500
      if (!passing || i >= tries) throw error
      await sleep(clock, pause)
    }
  }
}
