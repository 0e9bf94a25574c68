import type { Secret } from './index.js'

/** What a token may be used for: to introduce oneself as a new node, and to vouch for the cluster towards one. */
export type BootstrapTokenUsage = 'authentication' | 'signing'

/** A token by which a new node introduces itself: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
export interface BootstrapToken {
  /** Public; six letters or digits. */
  readonly id: string
  /** Sixteen letters or digits. */
  readonly secret: string
  readonly description?: string
  /** Milliseconds since the epoch; NaN if what the secret says is no time; never when absent. */
  readonly expires?: number
  readonly usages: readonly BootstrapTokenUsage[]
  /** Groups of who brings it, besides `system:bootstrappers`. */
  readonly groups: readonly string[]
}

/** Where the secrets of tokens are. */
export const bootstrapTokenNamespace = 'kube-system'
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token'

const namePrefix = 'bootstrap-token-'
const usages: readonly BootstrapTokenUsage[] = ['authentication', 'signing']
const idForm = /^[a-z0-9]{6}$/
const secretForm = /^[a-z0-9]{16}$/

/** What the groups of tokens are called. */
export const bootstrapGroupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/** The name of the secret of a token. */
export const bootstrapTokenName = (id: string): string => `${namePrefix}${id}`

/** The public and the secret half of a token as people write it, `abcdef.0123456789abcdef`; undefined if it is none. */
export function splitBootstrapToken(token: string): Pick<BootstrapToken, 'id' | 'secret'> | undefined {
  const [id = '', secret = '', ...rest] = token.split('.')
  return rest.length === 0 && idForm.test(id) && secretForm.test(secret) ? { id, secret } : undefined
}

/** The token that a secret holds; undefined if it holds none, or one under another's name. */
export function readBootstrapToken({ metadata, type, data }: Secret): BootstrapToken | undefined {
  if (type !== bootstrapTokenType) return undefined
  const text = (key: string): string => Buffer.from(String(data?.[key] ?? ''), 'base64').toString()
  const id = text('token-id')
  const secret = text('token-secret')
  if (!idForm.test(id) || !secretForm.test(secret) || metadata.name !== bootstrapTokenName(id)) return undefined
  const description = text('description')
  const expiration = text('expiration')
  return {
    id,
    secret,
    usages: usages.filter(usage => text(`usage-bootstrap-${usage}`) === 'true'),
    groups: text('auth-extra-groups').split(',').filter(Boolean),
    ...(description ? { description } : {}),
    ...(expiration ? { expires: Date.parse(expiration) } : {}),
  }
}

/** Whether a token has ended; one whose end cannot be read has. */
export const hasExpired = ({ expires }: BootstrapToken, now: number): boolean =>
  expires !== undefined && !(expires > now)

/** The secret that holds a token, as it is created. */
export function bootstrapTokenSecret(token: BootstrapToken) {
  const { id, secret, description, expires, groups } = token
  return {
    metadata: { namespace: bootstrapTokenNamespace, name: bootstrapTokenName(id) },
    type: bootstrapTokenType,
    stringData: {
      'token-id': id,
      'token-secret': secret,
      ...(description ? { description } : {}),
      ...(expires === undefined ? {} : { expiration: new Date(expires).toISOString().replace(/\.\d+Z$/, 'Z') }),
      ...Object.fromEntries(token.usages.map(usage => [`usage-bootstrap-${usage}`, 'true'])),
      ...(groups.length > 0 ? { 'auth-extra-groups': groups.join(',') } : {}),
    },
  }
}
