import type { Stage } from '../pipeline.js'
import { bytesOf } from '../respond.js'
import type { ServiceAccountTokens } from './service-account-tokens.js'

const configurationPath = '/.well-known/openid-configuration'
const keysPath = '/openid/v1/jwks'
const cached = { 'cache-control': 'public, max-age=3600' }

/**
 * Lets others verify service account tokens:
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
 * An issuer that is no https URL cannot be discovered: then these paths do not exist.
 */
export function openidStage(tokens: ServiceAccountTokens, serverUrl: () => string, jwksUri?: string): Stage {
  const served = tokens.issuer.startsWith('https://')
  return (context, next) => {
    const { verb, path } = context.info
    const plain = path.endsWith('/') ? path.slice(0, -1) : path
    if (!served || verb !== 'get' || (plain !== configurationPath && plain !== keysPath)) return next()
    const [type, value] =
      plain === keysPath
        ? ['application/jwk-set+json', { keys: tokens.publicKeys() }]
        : [
            'application/json',
            {
              issuer: tokens.issuer,
              jwks_uri: jwksUri ?? `${serverUrl()}${keysPath}`,
              response_types_supported: ['id_token'],
              subject_types_supported: ['public'],
              id_token_signing_alg_values_supported: tokens.algorithms(),
            },
          ]
    const answer = bytesOf(200, type, Buffer.from(JSON.stringify(value)))
    return Promise.resolve({ ...answer, headers: { ...answer.headers, ...cached } })
  }
}
