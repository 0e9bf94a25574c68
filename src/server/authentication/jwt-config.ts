/** How the tokens of one issuer are understood: `jwt` of AuthenticationConfiguration, apiserver.config.k8s.io/v1. */
export interface JwtConfig {
  readonly issuer: {
    readonly url: string
    readonly discoveryURL?: string
    /** PEM. */
    readonly certificateAuthority?: string
    readonly audiences: readonly string[]
    readonly audienceMatchPolicy?: string
  }
  readonly claimValidationRules?: readonly {
    readonly claim?: string
    readonly requiredValue?: string
    readonly expression?: string
    readonly message?: string
  }[]
  readonly claimMappings: {
    readonly username: PrefixedClaim
    readonly groups?: PrefixedClaim
    readonly uid?: { readonly claim?: string; readonly expression?: string }
    readonly extra?: readonly { readonly key: string; readonly valueExpression: string }[]
  }
  readonly userValidationRules?: readonly { readonly expression: string; readonly message?: string }[]
}

export interface PrefixedClaim {
  readonly claim?: string
  readonly prefix?: string
  readonly expression?: string
}

/** Who is let in without saying who it is: `anonymous` of AuthenticationConfiguration. */
export interface AnonymousConfig {
  readonly enabled: boolean
  /** Only at these paths, if any are given. */
  readonly conditions?: readonly { readonly path: string }[]
}

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfig[]
  readonly anonymous?: AnonymousConfig
}

/** A configuration that makes no sense; the message begins with the field at fault. */
export class AuthenticationConfigError extends Error {
  override readonly name = 'AuthenticationConfigError'
}

const mostIssuers = 64

/** Checks what a configuration file says. Throws `AuthenticationConfigError`. */
export function authenticationConfiguration(value: unknown): AuthenticationConfiguration {
  const file = objectAt(value, 'the file')
  const version = /^apiserver\.config\.k8s\.io\/v1(?:alpha1|beta1)?$/
  if (!version.test(String(file['apiVersion'])) || file['kind'] !== 'AuthenticationConfiguration')
    throw new AuthenticationConfigError('kind: must be AuthenticationConfiguration of apiserver.config.k8s.io/v1')
  const jwt = (file['jwt'] ?? []) as readonly JwtConfig[]
  if (!Array.isArray(jwt) || jwt.length > mostIssuers)
    throw new AuthenticationConfigError(`jwt: must have at most ${mostIssuers} items`)
  jwt.forEach((config, i) => {
    checkJwt(config, `jwt[${i}]`)
  })
  const urls = jwt.map(({ issuer }) => issuer.url)
  if (new Set(urls).size < urls.length) throw new AuthenticationConfigError('jwt: two issuers have one url')
  const anonymous = file['anonymous'] as AnonymousConfig | undefined
  if (anonymous?.conditions?.length && !anonymous.enabled)
    throw new AuthenticationConfigError(
      'anonymous.conditions: enabled should be set to true when conditions are defined',
    )
  return { jwt, ...(anonymous ? { anonymous } : {}) }
}

function objectAt(value: unknown, at: string): { readonly [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AuthenticationConfigError(`${at}: must be an object`)
  return value as { readonly [key: string]: unknown }
}

function checkJwt(config: JwtConfig, at: string): void {
  const fail = (field: string, why: string): never => {
    throw new AuthenticationConfigError(`${at}.${field}: ${why}`)
  }
  objectAt(config, at)
  const { issuer, claimMappings, claimValidationRules = [] } = config
  for (const [field, url] of [
    ['issuer.url', issuer?.url],
    ['issuer.discoveryURL', issuer?.discoveryURL ?? issuer?.url],
  ] as const)
    if (!url || !URL.canParse(url) || new URL(url).protocol !== 'https:') fail(field, 'must be an https URL')
  if (!issuer.audiences?.length) fail('issuer.audiences', 'at least one audience is required')
  if (issuer.audiences.length > 1 && issuer.audienceMatchPolicy !== 'MatchAny')
    fail('issuer.audienceMatchPolicy', 'must be MatchAny for multiple audiences')
  const { username, groups, uid } = claimMappings ?? {}
  if (!username) fail('claimMappings.username', 'claim or expression is required')
  const mapped: readonly (readonly [string, PrefixedClaim | undefined])[] = [
    ['username', username],
    ['groups', groups],
    ['uid', uid],
  ]
  for (const [field, mapping] of mapped) {
    if (!mapping) continue
    if (Boolean(mapping.claim) === Boolean(mapping.expression) && (field === 'username' || mapping.claim))
      fail(`claimMappings.${field}`, 'either claim or expression is required, and not both')
    if (field !== 'uid' && mapping.claim && mapping.prefix === undefined)
      fail(
        `claimMappings.${field}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      )
    if (mapping.expression && mapping.prefix)
      fail(`claimMappings.${field}.prefix`, 'prefix can not be set when expression is set')
  }
  claimValidationRules.forEach(({ claim, expression }, i) => {
    if (Boolean(claim) === Boolean(expression))
      fail(`claimValidationRules[${i}]`, 'either claim or expression is required, and not both')
  })
}
