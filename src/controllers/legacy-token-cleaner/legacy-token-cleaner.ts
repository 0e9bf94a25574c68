import { ConfigMap, Pod, Secret, ServiceAccount } from '../../api/core/v1/index.js'
import { type Controller, controller, index, watchAlso } from '../../client/controller.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'

const type = 'kubernetes.io/service-account-token'
const lastUsed = 'kubernetes.io/legacy-token-last-used'
const invalidSince = 'kubernetes.io/legacy-token-invalid-since'
const accountName = 'kubernetes.io/service-account.name'
const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' }

const day = 24 * 3_600_000

export interface LegacyTokenCleanerOptions {
  /** Ms for which a token must not have been used, and again for which it has been invalid; a year by default. */
  readonly cleanUpPeriod?: number
}

export type TokenVerdict = 'keep' | 'invalidate' | 'delete'

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 'YYYY-MM-DD'.length)

/** What becomes of an unused token: first it is invalid for a while, so that nothing is lost by a mistake. */
export function verdictOn({ metadata }: Secret, now: number, period: number): TokenVerdict {
  const limit = now - period
  if (Date.parse(metadata.creationTimestamp ?? '') >= limit) return 'keep'
  const used = metadata.labels?.[lastUsed]
  // A day that cannot be read is none on which it was used.
  if (used !== undefined && Date.parse(used) >= Date.parse(dayOf(limit))) return 'keep'
  const invalid = Date.parse(metadata.labels?.[invalidSince] ?? '')
  if (Number.isNaN(invalid)) return 'invalidate'
  return invalid >= Date.parse(dayOf(limit)) ? 'keep' : 'delete'
}

const byMount = index(Pod, ({ metadata, spec }) =>
  (spec.volumes ?? []).flatMap(({ secret }) =>
    secret?.secretName ? [`${metadata.namespace}/${secret.secretName}`] : [],
  ),
)

/**
 * Makes tokens without an end invalid that were made for a service account by Kubernetes itself, and that nobody has used
 * for long; deletes them when nobody has missed them for as long again.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#legacy-serviceaccount-token-cleaner
 */
export function legacyTokenCleaner({ cleanUpPeriod = 365 * day }: LegacyTokenCleanerOptions = {}): Controller {
  return controller({
    name: 'legacy-serviceaccount-token-cleaner',
    watches: {
      for: Secret,
      reads: [Pod],
      also: [
        watchAlso(ServiceAccount, ({ metadata: { namespace = '' }, secrets }) =>
          (secrets ?? []).flatMap(({ name }) => (name ? [{ namespace, name }] : [])),
        ),
      ],
    },
    async reconcile(key, { get, by, client, clock }) {
      const secret = get(Secret, key)
      if (secret?.type !== type || secret.metadata.deletionTimestamp) return undefined
      const account = secret.metadata.annotations?.[accountName]
      const generated =
        account !== undefined &&
        get(ServiceAccount, { namespace: key.namespace, name: account })?.secrets?.some(({ name }) => name === key.name)
      // One that people have made is theirs to delete.
      if (!generated) return undefined
      const again = { after: day }
      const now = clock.now()
      const verdict = verdictOn(secret, now, cleanUpPeriod)
      if (verdict === 'keep' || by(byMount, `${key.namespace}/${key.name}`).length > 0) return again
      // How long nobody has used it is known only since it is written down.
      const { data } = await client.get(ConfigMap, tracking)
      if (!(Date.parse(data?.['since'] ?? '') < now - cleanUpPeriod)) return again
      const { uid = '', resourceVersion = '' } = secret.metadata
      try {
        if (verdict === 'delete')
          await client.delete(Secret, secret.metadata, { preconditions: { uid, resourceVersion } })
        else
          await client.patch(Secret, secret.metadata, {
            type: 'merge',
            body: { metadata: { uid, resourceVersion, labels: { [invalidSince]: dayOf(now) } } },
          })
      } catch (error) {
        // It has changed, perhaps because it is used: the cache will tell.
        if (!isNotFound(error) && !isConflict(error)) throw error
      }
      return again
    },
  })
}
