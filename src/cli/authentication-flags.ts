import { type Command, InvalidArgumentError } from 'commander'

/** The flags of `t8s apiserver` about who users are, as the command line has them. */
export interface AuthenticationFlags {
  readonly clientCaFile?: string
  readonly tokenAuthFile?: string
  readonly anonymousAuth?: string
  readonly authenticationConfig?: string
  readonly enableBootstrapTokenAuth?: boolean
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcUsernameClaim: string
  readonly oidcUsernamePrefix?: string
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix: string
  readonly oidcRequiredClaim: readonly string[]
  readonly oidcSigningAlgs: readonly string[]
  readonly oidcCaFile?: string
  readonly authenticationTokenWebhookConfigFile?: string
  readonly authenticationTokenWebhookCacheTtl: string
  readonly requestheaderClientCaFile?: string
  readonly requestheaderAllowedNames: readonly string[]
  readonly requestheaderUsernameHeaders: readonly string[]
  readonly requestheaderUidHeaders: readonly string[]
  readonly requestheaderGroupHeaders: readonly string[]
  readonly requestheaderExtraHeadersPrefix: readonly string[]
  readonly serviceAccountIssuer: readonly string[]
  readonly serviceAccountSigningKeyFile?: string
  readonly serviceAccountKeyFile: readonly string[]
  readonly serviceAccountJwksUri?: string
  readonly serviceAccountExtendTokenExpiration: string
  readonly serviceAccountMaxTokenExpiration?: string
  readonly apiAudiences: readonly string[]
}

const commas = (value: string): readonly string[] => value.split(',').filter(Boolean)
const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** Gathers a flag that may be given several times; what is given replaces the default. */
function replacing(...defaults: readonly string[]) {
  return [
    (value: string, before: readonly string[]): readonly string[] =>
      before === defaults ? [value] : [...before, value],
    defaults,
  ] as const
}

function claimRule(value: string, before: readonly string[]): readonly string[] {
  if (!value.includes('=')) throw new InvalidArgumentError('Give it as claim=value.')
  return gather(value, before)
}

/** Adds the flags, with upstream's names. */
export function addAuthenticationFlags(command: Command): Command {
  return command
    .option('--client-ca-file <file>', 'authorities whose client certificates are believed')
    .option('--token-auth-file <file>', 'static tokens, a line each: token,user,uid,"group1,group2"')
    .option('--anonymous-auth <boolean>', 'let requests without credentials in as system:anonymous (default: true)')
    .option('--authentication-config <file>', 'AuthenticationConfiguration: issuers of tokens, anonymous access')
    .option('--enable-bootstrap-token-auth', 'let new nodes introduce themselves by tokens')
    .option('--oidc-issuer-url <url>', 'OpenID Connect issuer whose ID tokens are believed')
    .option('--oidc-client-id <id>', 'whom these tokens must be meant for')
    .option('--oidc-username-claim <claim>', 'claim that is the user name', 'sub')
    .option('--oidc-username-prefix <text>', 'put in front of user names; - for nothing')
    .option('--oidc-groups-claim <claim>', 'claim that is the groups')
    .option('--oidc-groups-prefix <text>', 'put in front of groups', '')
    .option('--oidc-required-claim <claim=value>', 'what tokens must say besides', claimRule, [])
    .option('--oidc-signing-algs <names>', 'algorithms of signatures', commas, ['RS256'])
    .option('--oidc-ca-file <file>', "authorities of the issuer's certificate; the machine's own by default")
    .option('--authentication-token-webhook-config-file <file>', 'kubeconfig of a webhook that knows tokens')
    .option('--authentication-token-webhook-cache-ttl <duration>', 'how long its answers count', '2m')
    .option('--requestheader-client-ca-file <file>', 'authorities of proxies that name users themselves')
    .option('--requestheader-allowed-names <names>', 'common names of such proxies; any by default', commas, [])
    .option('--requestheader-username-headers <names>', 'headers of the user name', commas, ['x-remote-user'])
    .option('--requestheader-uid-headers <names>', 'headers of the uid', commas, [])
    .option('--requestheader-group-headers <names>', 'headers of groups', commas, ['x-remote-group'])
    .option('--requestheader-extra-headers-prefix <names>', 'what headers of extra facts begin with', commas, [
      'x-remote-extra-',
    ])
    .option(
      '--service-account-issuer <url>',
      'issuer of service account tokens; further ones are still believed',
      ...replacing('https://kubernetes.default.svc'),
    )
    .option('--service-account-signing-key-file <file>', 'private key that signs service account tokens')
    .option('--service-account-key-file <file>', 'further key whose tokens are believed', gather, [])
    .option('--service-account-jwks-uri <url>', 'where the keys are found; at this server by default')
    .option('--service-account-extend-token-expiration <boolean>', 'let mounted tokens live for a year', 'true')
    .option('--service-account-max-token-expiration <duration>', 'longest life of a token that is asked for')
    .option('--api-audiences <names>', 'what the server calls itself in tokens; its issuer by default', commas, [])
}
