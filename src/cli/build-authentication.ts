import type { ControlPlaneOptions } from '../cluster/control-plane.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { yamlValue } from '../machinery/yaml-document.js'
import type { AnonymousAccess, Authenticator } from '../server/authentication/authenticator.js'
import {
  type AuthenticationConfiguration,
  authenticationConfiguration,
  type JwtConfig,
} from '../server/authentication/jwt-config.js'
import { oidc, oidcAlgorithms } from '../server/authentication/oidc.js'
import { tokenFile } from '../server/authentication/token-file.js'
import { type WebhookTokensOptions, webhookTokens } from '../server/authentication/webhook-tokens.js'
import type { JsonCall } from '../server/webhooks/json-calls.js'
import type { AuthenticationFlags } from './authentication-flags.js'
import { durationMs, fileText, isTrue } from './flag-values.js'
import { webhookOf } from './webhook-call.js'

export interface AuthenticationParts {
  readonly call: JsonCall
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
}

/** What the flags say about who users are. Throws an `OperatorError` for flags that do not fit each other. */
export async function buildAuthentication(
  flags: AuthenticationFlags,
  parts: AuthenticationParts,
): Promise<{
  readonly authentication: NonNullable<ControlPlaneOptions['authentication']>
  readonly allowAnonymous: AnonymousAccess
}> {
  const config = flags.authenticationConfig
    ? await readConfiguration(flags.authenticationConfig, flags)
    : { jwt: await jwtOfFlags(flags) }
  const signingAlgorithms = flags.authenticationConfig ? oidcAlgorithms : flags.oidcSigningAlgs
  const unknown = signingAlgorithms.find(name => !oidcAlgorithms.includes(name))
  if (unknown)
    throw new OperatorError(`--oidc-signing-algs names ${unknown}`, `Give some of ${oidcAlgorithms.join(', ')}.`)
  const clock = parts.clock ?? systemClock
  const [issuer = ''] = flags.serviceAccountIssuer
  const issuers: readonly [string, ...string[]] = [issuer, ...flags.serviceAccountIssuer.slice(1)]
  const audiences = flags.apiAudiences.length > 0 ? flags.apiAudiences : [issuer]
  const others: Authenticator[] = [
    ...(flags.tokenAuthFile ? [tokenFile(await fileText(flags.tokenAuthFile))] : []),
    ...config.jwt.map(jwt =>
      oidc({ config: jwt, algorithms: signingAlgorithms, call: parts.call, clock, onError: parts.onError }),
    ),
  ]
  const webhook = flags.authenticationTokenWebhookConfigFile
  if (webhook)
    others.push(
      webhookTokens({
        ask: (await webhookOf(webhook, parts.call, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
        })) as WebhookTokensOptions['ask'],
        audiences,
        lifetimeMs: durationMs('--authentication-token-webhook-cache-ttl', flags.authenticationTokenWebhookCacheTtl),
        clock,
      }),
    )
  const longest = flags.serviceAccountMaxTokenExpiration
  return {
    authentication: {
      serviceAccounts: {
        issuers,
        audiences,
        verifyingKeys: await Promise.all(flags.serviceAccountKeyFile.map(fileText)),
        extendExpiration: isTrue(
          '--service-account-extend-token-expiration',
          flags.serviceAccountExtendTokenExpiration,
        ),
        ...(flags.serviceAccountJwksUri ? { jwksUri: flags.serviceAccountJwksUri } : {}),
        ...(longest
          ? { maximumSeconds: Math.floor(durationMs('--service-account-max-token-expiration', longest) / 1000) }
          : {}),
      },
      bootstrapTokens: flags.enableBootstrapTokenAuth ?? false,
      ...(flags.requestheaderClientCaFile
        ? {
            requestHeaders: {
              ca: await fileText(flags.requestheaderClientCaFile),
              allowedNames: flags.requestheaderAllowedNames,
              usernameHeaders: flags.requestheaderUsernameHeaders,
              uidHeaders: flags.requestheaderUidHeaders,
              groupHeaders: flags.requestheaderGroupHeaders,
              extraHeaderPrefixes: flags.requestheaderExtraHeadersPrefix,
            },
          }
        : {}),
      others,
    },
    allowAnonymous: anonymousAccess(flags, config),
  }
}

function anonymousAccess(
  { anonymousAuth }: AuthenticationFlags,
  { anonymous }: AuthenticationConfiguration,
): AnonymousAccess {
  if (!anonymous) return anonymousAuth === undefined || isTrue('--anonymous-auth', anonymousAuth)
  if (anonymousAuth !== undefined)
    throw new OperatorError(
      '--anonymous-auth and the configuration of authentication both speak of anonymous access',
      'Leave the flag out.',
    )
  const paths = anonymous.conditions?.map(({ path }) => path) ?? []
  return anonymous.enabled && paths.length > 0 ? paths : anonymous.enabled
}

async function readConfiguration(path: string, flags: AuthenticationFlags): Promise<AuthenticationConfiguration> {
  if (flags.oidcIssuerUrl)
    throw new OperatorError('--authentication-config and --oidc-issuer-url exclude each other', 'Give one of them.')
  try {
    return authenticationConfiguration(yamlValue(await fileText(path)))
  } catch (error) {
    if (error instanceof OperatorError) throw error
    throw new OperatorError(`${path} is no valid configuration: ${(error as Error).message}`, 'Correct the file.', {
      cause: error,
    })
  }
}

/** The flags for OpenID Connect say what a configuration would. */
async function jwtOfFlags(flags: AuthenticationFlags): Promise<readonly JwtConfig[]> {
  const { oidcIssuerUrl: url, oidcClientId: client, oidcUsernameClaim: claim, oidcGroupsClaim: groups } = flags
  if (!url && !client) return []
  if (!url || !client)
    throw new OperatorError(
      'an OpenID Connect issuer needs its client',
      'Give both --oidc-issuer-url and --oidc-client-id.',
    )
  // Names of different issuers must not be taken for each other, but addresses are the same everywhere.
  const ownPrefix = claim === 'email' ? '' : `${url}#`
  const prefix = flags.oidcUsernamePrefix === '-' ? '' : (flags.oidcUsernamePrefix ?? ownPrefix)
  const file = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: {
          url,
          audiences: [client],
          ...(flags.oidcCaFile ? { certificateAuthority: await fileText(flags.oidcCaFile) } : {}),
        },
        claimMappings: {
          username: { claim, prefix },
          ...(groups ? { groups: { claim: groups, prefix: flags.oidcGroupsPrefix } } : {}),
        },
        claimValidationRules: flags.oidcRequiredClaim.map(rule => {
          const at = rule.indexOf('=')
          return { claim: rule.slice(0, at), requiredValue: rule.slice(at + 1) }
        }),
      },
    ],
  }
  try {
    return authenticationConfiguration(file).jwt
  } catch (error) {
    throw new OperatorError(`the flags for OpenID Connect do not fit: ${(error as Error).message}`, 'Correct them.')
  }
}
