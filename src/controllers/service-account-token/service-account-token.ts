import { Secret, ServiceAccount } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Controller, controller, index, watchAlso } from '../../client/controller.js'
import { isNotFound } from '../../machinery/status-error.js'

const type = 'kubernetes.io/service-account-token'
const nameKey = 'kubernetes.io/service-account.name'
const uidKey = 'kubernetes.io/service-account.uid'

/** Whom a token without an end is to speak for, and the secret that holds it. */
export interface SecretTokenClaims {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: string
}

export interface ServiceAccountTokenOptions {
  /** PEM of the certificate authority by which the API server is known. */
  readonly rootCa: string
  readonly sign: (claims: SecretTokenClaims) => Promise<string>
}

const byAccount = index(Secret, secret => {
  const account = accountOf(secret)
  return account === undefined ? [] : [`${secret.metadata.namespace}/${account}`]
})

const accountOf = (secret: Secret): string | undefined =>
  secret.type === type ? secret.metadata.annotations?.[nameKey] : undefined

/**
 * Puts tokens into secrets that are made for a service account, and deletes those whose account is gone:
 * https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
 */
export function serviceAccountTokens({ rootCa, sign }: ServiceAccountTokenOptions): Controller {
  return controller({
    name: 'serviceaccount-token',
    watches: {
      for: Secret,
      also: [
        watchAlso(ServiceAccount, ({ metadata }, _old, cache) =>
          cache.by(byAccount, `${metadata.namespace}/${metadata.name}`).map(({ metadata: { namespace, name } }) => ({
            namespace: namespace ?? '',
            name: name ?? '',
          })),
        ),
      ],
    },
    async reconcile(key, { get, client }) {
      const secret = get(Secret, key)
      const account = secret && accountOf(secret)
      if (!secret || !account || secret.metadata.deletionTimestamp) return undefined
      const found = get(ServiceAccount, { namespace: key.namespace, name: account })
      const uid = found?.metadata.uid
      if (!uid || isOfAnother(secret, uid)) {
        await deleteUnowned(client, secret, account)
        return undefined
      }
      const data = { ...secret.data }
      const complete =
        data['token'] && data['namespace'] && textOf(data['ca.crt']) === rootCa && secret.metadata.annotations?.[uidKey]
      if (complete) return undefined
      const claims = { namespace: key.namespace, serviceAccount: { name: account, uid }, secret: key.name }
      const token = data['token'] || base64(await sign(claims))
      await client.update(Secret, {
        ...secret,
        metadata: { ...secret.metadata, annotations: { ...secret.metadata.annotations, [uidKey]: uid } },
        data: { ...data, token, namespace: base64(key.namespace), 'ca.crt': base64(rootCa) },
      })
      return undefined
    },
  })
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const textOf = (value: unknown): string => Buffer.from(String(value ?? ''), 'base64').toString()

/** The name of the account was given to another one since. */
function isOfAnother({ metadata }: Secret, uid: string): boolean {
  const wanted = metadata.annotations?.[uidKey]
  return wanted !== undefined && wanted !== '' && wanted !== uid
}

/** The cache may be behind: only what the server says counts. */
async function deleteUnowned(client: Client, secret: Secret, account: string): Promise<void> {
  const { namespace = '', uid = '', resourceVersion = '' } = secret.metadata
  try {
    const live = await client.get(ServiceAccount, { namespace, name: account })
    if (!isOfAnother(secret, live.metadata.uid ?? '')) return
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  try {
    await client.delete(Secret, secret.metadata, { preconditions: { uid, resourceVersion } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
