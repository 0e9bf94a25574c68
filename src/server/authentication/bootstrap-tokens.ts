import { createHash, timingSafeEqual } from 'node:crypto'
import { Secret } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import type { Registries } from '../registry/registries.js'
import { type Authenticator, bearerToken } from './authenticator.js'

const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/**
 * Tokens by which new nodes introduce themselves, kept as secrets of `kube-system`:
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export function bootstrapTokens(registries: Registries, clock: Clock): Authenticator {
  const userOf = (token: string): UserInfo | undefined => {
    const [, id, secret] = tokenForm.exec(token) ?? []
    if (!id || !secret) return undefined
    const found = registries.of(Secret).cache.get(`kube-system/bootstrap-token-${id}`)?.object
    return found && userOfSecret(found, id, secret, clock.now())
  }
  return {
    name: 'bootstrap-token',
    authenticate(request) {
      const token = bearerToken(request)
      return token === undefined ? undefined : userOf(token)
    },
    review(token) {
      const user = userOf(token)
      return user && { user }
    },
  }
}

function userOfSecret(
  { metadata, type, data = {} }: Secret,
  id: string,
  secret: string,
  now: number,
): UserInfo | undefined {
  const text = (key: string): string => Buffer.from(String(data?.[key] ?? ''), 'base64').toString()
  if (type !== 'bootstrap.kubernetes.io/token' || metadata.deletionTimestamp) return undefined
  if (text('token-id') !== id || !sameSecret(text('token-secret'), secret)) return undefined
  const expiration = text('expiration')
  // What cannot be read is no time to be valid until.
  if (expiration && !(Date.parse(expiration) > now)) return undefined
  if (text('usage-bootstrap-authentication') !== 'true') return undefined
  const extra = text('auth-extra-groups').split(',').filter(Boolean)
  if (extra.some(group => !groupForm.test(group))) return undefined
  return {
    name: `system:bootstrap:${id}`,
    groups: [...new Set(['system:bootstrappers', ...extra])].sort(),
  }
}

const sameSecret = (one: string, other: string): boolean => timingSafeEqual(digestOf(one), digestOf(other))

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()
