import { OperatorError } from '../cluster/operator-error.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { yamlValue } from '../machinery/yaml-document.js'
import type { Authorizer } from '../server/authorization/authorizer.js'
import { matchConditions } from '../server/authorization/match-conditions.js'
import { type AuthorizationMode, authorizationModes } from '../server/authorization/modes.js'
import { type WebhookAuthorizerOptions, webhookAuthorizer } from '../server/authorization/webhook-authorizer.js'
import type { JsonCall } from '../server/webhooks/json-calls.js'
import type { AuthorizationFlags } from './authorization-flags.js'
import { durationMs, fileText } from './flag-values.js'
import { webhookOf } from './webhook-call.js'

type Authorizers = readonly (AuthorizationMode | Authorizer)[]

interface Parts {
  readonly call: JsonCall
  readonly clock?: Clock
}

/** What the flags say about what users may do. Throws an `OperatorError` for flags that do not fit each other. */
export async function buildAuthorization(flags: AuthorizationFlags, parts: Parts): Promise<Authorizers> {
  const { authorizationConfig, authorizationMode, authorizationWebhookConfigFile: kubeconfig } = flags
  if (authorizationConfig) {
    if (authorizationMode || kubeconfig)
      throw new OperatorError(
        '--authorization-config stands in place of the other flags about authorization',
        'Leave them out.',
      )
    return readConfiguration(authorizationConfig, parts)
  }
  const modes = modesOf(authorizationMode ?? 'Node,RBAC')
  if (modes.includes('Webhook') !== (kubeconfig !== undefined))
    throw new OperatorError(
      'the authorization mode Webhook needs a webhook, and the other way round',
      'Give both --authorization-mode ...,Webhook and --authorization-webhook-config-file.',
    )
  return Promise.all(
    modes.map(mode =>
      mode === 'Webhook'
        ? webhook(kubeconfig ?? '', parts, {
            authorizedMs: durationMs(
              '--authorization-webhook-cache-authorized-ttl',
              flags.authorizationWebhookCacheAuthorizedTtl,
            ),
            unauthorizedMs: durationMs(
              '--authorization-webhook-cache-unauthorized-ttl',
              flags.authorizationWebhookCacheUnauthorizedTtl,
            ),
            failurePolicy: 'NoOpinion',
          })
        : mode,
    ),
  )
}

function modesOf(value: string): readonly (AuthorizationMode | 'Webhook')[] {
  const known = [...authorizationModes, 'Webhook'] as const
  const modes = value.split(',')
  if (modes.some(mode => !known.some(name => name === mode)) || new Set(modes).size < modes.length)
    throw new OperatorError(
      `--authorization-mode is ${JSON.stringify(value)}`,
      `Give some of ${known.join(', ')}, each once, separated by commas.`,
    )
  return modes as readonly string[] as readonly (AuthorizationMode | 'Webhook')[]
}

async function webhook(
  kubeconfig: string,
  { call, clock = systemClock }: Parts,
  options: Pick<WebhookAuthorizerOptions, 'authorizedMs' | 'unauthorizedMs' | 'failurePolicy' | 'conditions'>,
): Promise<Authorizer> {
  const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' }
  const ask = (await webhookOf(kubeconfig, call, type)) as WebhookAuthorizerOptions['ask']
  return webhookAuthorizer({ ...options, ask, clock })
}

/** One authorizer of the file. */
interface Declared {
  readonly type?: string
  readonly name?: string
  readonly webhook?: {
    readonly authorizedTTL?: string
    readonly unauthorizedTTL?: string
    readonly failurePolicy?: string
    readonly subjectAccessReviewVersion?: string
    readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string }
    readonly matchConditions?: readonly { readonly expression?: string }[]
  }
}

async function readConfiguration(path: string, parts: Parts): Promise<Authorizers> {
  const fail = (why: string): never => {
    throw new OperatorError(`${path} is no valid configuration: ${why}`, 'Correct the file.')
  }
  const text = await fileText(path)
  let file: { apiVersion?: string; kind?: string; authorizers?: readonly Declared[] } = {}
  try {
    file = yamlValue(text) ?? {}
  } catch (error) {
    fail((error as Error).message)
  }
  const { apiVersion = '', kind, authorizers = [] } = file
  if (kind !== 'AuthorizationConfiguration' || !/^apiserver\.config\.k8s\.io\/v1(?:alpha1|beta1)?$/.test(apiVersion))
    fail('kind: must be AuthorizationConfiguration of apiserver.config.k8s.io/v1')
  if (authorizers.length === 0) fail('authorizers: at least one authorization mode must be defined')
  const names = new Set<string>()
  return Promise.all(
    authorizers.map((declared, i) => {
      const at = `authorizers[${i}]`
      const { type = '', name, webhook: hook } = declared
      if (!name) fail(`${at}.name: is required`)
      if (names.has(name ?? '')) fail(`${at}.name: ${name} is there already`)
      names.add(name ?? '')
      if (type !== 'Webhook') {
        if (hook) fail(`${at}.webhook: may only be specified when type=Webhook`)
        return authorizationModes.find(mode => mode === type) ?? fail(`${at}.type: ${type} is not known`)
      }
      return declaredWebhook(hook ?? {}, parts, `${at}.webhook`, fail)
    }),
  )
}

function declaredWebhook(
  hook: NonNullable<Declared['webhook']>,
  parts: Parts,
  at: string,
  fail: (why: string) => never,
): Promise<Authorizer> {
  const { failurePolicy, connectionInfo, matchConditions: conditions = [], subjectAccessReviewVersion } = hook
  if (failurePolicy !== 'Deny' && failurePolicy !== 'NoOpinion') fail(`${at}.failurePolicy: must be NoOpinion or Deny`)
  if (subjectAccessReviewVersion !== 'v1') fail(`${at}.subjectAccessReviewVersion: must be v1`)
  if (connectionInfo?.type !== 'KubeConfigFile' || !connectionInfo.kubeConfigFile)
    fail(`${at}.connectionInfo: must be of the type KubeConfigFile and name the file`)
  const expressions = conditions.map(({ expression }, i) => expression || fail(`${at}.matchConditions[${i}]: is empty`))
  return webhook(connectionInfo?.kubeConfigFile ?? '', parts, {
    authorizedMs: durationMs(`${at}.authorizedTTL`, hook.authorizedTTL ?? '5m'),
    unauthorizedMs: durationMs(`${at}.unauthorizedTTL`, hook.unauthorizedTTL ?? '30s'),
    failurePolicy: failurePolicy === 'Deny' ? 'Deny' : 'NoOpinion',
    ...(expressions.length > 0 ? { conditions: compiled(expressions, at, fail) } : {}),
  })
}

function compiled(expressions: readonly string[], at: string, fail: (why: string) => never) {
  try {
    return matchConditions(expressions)
  } catch (error) {
    return fail(`${at}.matchConditions: ${(error as Error).message}`)
  }
}
