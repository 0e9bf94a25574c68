import { createHash, timingSafeEqual } from 'node:crypto'
import {
  bootstrapGroupForm,
  bootstrapTokenName,
  bootstrapTokenNamespace,
  hasExpired,
  readBootstrapToken,
  splitBootstrapToken,
} from '../../api/core/v1/bootstrap-token.js'
import { Secret } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import type { Registries } from '../registry/registries.js'
import { type Authenticator, tokenAuthenticator } from './authenticator.js'

/**
 * Tokens by which new nodes introduce themselves, kept as secrets of `kube-system`:
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export function bootstrapTokens(registries: Registries, clock: Clock): Authenticator {
  const userOf = (token: string): UserInfo | undefined => {
    const parts = splitBootstrapToken(token)
    if (!parts) return undefined
    const key = `${bootstrapTokenNamespace}/${bootstrapTokenName(parts.id)}`
    const found = registries.of(Secret).cache.get(key)?.object
    return found && userOfSecret(found, parts.secret, clock.now())
  }
  return tokenAuthenticator('bootstrap-token', userOf)
}

function userOfSecret(found: Secret, secret: string, now: number): UserInfo | undefined {
  const token = found.metadata.deletionTimestamp ? undefined : readBootstrapToken(found)
  if (!token || !sameSecret(token.secret, secret) || hasExpired(token, now)) return undefined
  if (!token.usages.includes('authentication') || token.groups.some(group => !bootstrapGroupForm.test(group)))
    return undefined
  return {
    name: `system:bootstrap:${token.id}`,
    groups: [...new Set(['system:bootstrappers', ...token.groups])].sort(),
  }
}

const sameSecret = (one: string, other: string): boolean => timingSafeEqual(digestOf(one), digestOf(other))

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()
