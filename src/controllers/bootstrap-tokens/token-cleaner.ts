import { bootstrapTokenNamespace, bootstrapTokenType, readBootstrapToken } from '../../api/core/v1/bootstrap-token.js'
import { Secret } from '../../api/core/v1/index.js'
import { type Controller, controller } from '../../client/controller.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'

/** Longest wait of a timer, in ms; what ends later is looked at once more by then. */
const longest = 24 * 3_600_000

/** Ms until a secret is to be deleted; undefined if it is to stay. */
export function untilTokenEnds(secret: Secret, now: number): number | undefined {
  const { namespace, deletionTimestamp } = secret.metadata
  if (namespace !== bootstrapTokenNamespace || secret.type !== bootstrapTokenType || deletionTimestamp) return undefined
  const expires = readBootstrapToken(secret)?.expires
  if (expires === undefined) return undefined
  // What cannot be read is no time to be valid until.
  return expires > now ? expires - now : 0
}

/**
 * Deletes the tokens of new nodes that have ended:
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export const tokenCleaner: Controller = controller({
  name: 'token-cleaner',
  watches: { for: Secret },
  async reconcile(key, { get, client, clock }) {
    const secret = get(Secret, key)
    const left = secret && untilTokenEnds(secret, clock.now())
    if (!secret || left === undefined) return undefined
    if (left > 0) return { after: Math.min(left, longest) }
    const { uid = '', resourceVersion = '' } = secret.metadata
    try {
      await client.delete(Secret, secret.metadata, { preconditions: { uid, resourceVersion } })
    } catch (error) {
      // Somebody has given it more time: the cache will tell.
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return undefined
  },
})
