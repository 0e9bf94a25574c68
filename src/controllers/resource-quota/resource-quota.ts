import {
  type CountedResource,
  countsUntil,
  PersistentVolumeClaim,
  Pod,
  type QuotaUsage,
  quotaCounts,
  quotaUsage,
  ResourceQuota,
  Service,
} from '../../api/core/v1/index.js'
import { ResourceClaim } from '../../api/resource/v1/index.js'
import type { Client } from '../../client/client.js'
import {
  type AnyKind,
  type Cache,
  type Controller,
  controller,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { discover, untypedKind } from '../../client/discovery.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ApiObject } from '../../machinery/object.js'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  type Quantity,
  zeroQuantity,
} from '../../machinery/quantity.js'
import { isNotFound } from '../../machinery/status-error.js'
import { uncounted } from './counted-names.js'

/** Ms in which nothing may have been admitted before less is reported: what is admitted is yet to be seen here. */
const calm = 500
/** Ms after which kinds are counted anew that are not followed. */
const recount = 5_000
/** Ms after which the kinds being served are asked for again. */
const rediscover = 30_000

/** Kinds of which more than the number counts, and so every object is followed. */
const followed = [Pod, Service, PersistentVolumeClaim, ResourceClaim] as unknown as readonly AnyKind[]

const nameOf = ({ gvk, plural }: AnyKind): CountedResource => ({ group: gvk.group, plural })

/**
 * Counts what objects take of the quotas of their namespace, and so frees what is no more. What is new has been counted
 * by admission. https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function resourceQuotas(): Controller {
  /** Which version of a quota was seen first when, in ms. */
  const seen = new Map<string, { readonly version: string; readonly at: number }>()
  const served = servedKinds()
  return controller({
    name: 'resourcequota',
    eventSource: 'resourcequota-controller',
    watches: {
      for: ResourceQuota,
      also: followed.map(kind =>
        watchAlso(kind, (object, old, cache) =>
          quotasOf(object, cache)
            // One that is gone takes no more, though it had not changed.
            .filter(quota => !old || !cache.get(kind, object.metadata) || takesDifferently(quota, kind, object, old))
            .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
        ),
      ),
    },
    async reconcile(key, context) {
      const id = `${key.namespace}/${key.name}`
      const quota = context.get(ResourceQuota, key)
      if (!quota || quota.metadata.deletionTimestamp) {
        seen.delete(id)
        return undefined
      }
      const { spec, status, metadata } = quota
      const now = context.clock.now()
      const version = metadata.resourceVersion ?? ''
      const since = seen.get(id)?.version === version ? (seen.get(id)?.at ?? now) : now
      seen.set(id, { version, at: since })

      const hard = Object.keys(spec.hard ?? {})
      const counted = await countedUsage(quota, hard, context, served)
      const used = Object.fromEntries(
        hard.sort().map(name => [name, canonicalQuantity(formatQuantity(counted[name] ?? zeroQuantity))]),
      )
      const later = [
        ...(hard.some(name => uncounted(name) !== undefined) ? [recount] : []),
        ...context
          .list(Pod, { namespace: key.namespace })
          .flatMap(pod => countsUntil(pod) ?? [])
          .filter(until => until >= now)
          .map(until => until - now + 1),
      ]
      const again = later.length > 0 ? { after: Math.min(...later) } : undefined
      const same = jsonEqual(spec.hard ?? {}, status.hard ?? {}) && jsonEqual(used, status.used ?? {})
      if (same) return again
      const lower = hard.some(name => compareQuantities(used[name] ?? '0', status.used?.[name] ?? '0') < 0)
      if (lower && now - since < calm) return { after: calm }
      await context.client.update(
        ResourceQuota,
        { ...quota, status: { ...(spec.hard ? { hard: spec.hard } : {}), used } },
        { subresource: 'status' },
      )
      return again
    },
  })
}

/** Whether a change makes a difference to a quota: in how much, for how long, or in whether its scopes are for it. */
const takesDifferently = (quota: ResourceQuota, kind: AnyKind, object: ApiObject, old: ApiObject): boolean =>
  object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
  !jsonEqual(taken(quota, kind, object), taken(quota, kind, old))

const taken = (quota: ResourceQuota, kind: AnyKind, object: ApiObject): object =>
  quotaCounts(quota, nameOf(kind), object) ? textOf(quotaUsage(nameOf(kind), object)) : {}

const textOf = (usage: QuotaUsage): object =>
  Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, formatQuantity(amount)]))

const quotasOf = ({ metadata }: ApiObject, cache: Cache): readonly ResourceQuota[] =>
  cache.list(ResourceQuota, { namespace: metadata.namespace ?? '' })

async function countedUsage(
  quota: ResourceQuota,
  hard: readonly string[],
  context: ReconcileContext,
  served: ReturnType<typeof servedKinds>,
): Promise<QuotaUsage> {
  const namespace = quota.metadata.namespace ?? ''
  const sums: Record<string, Quantity> = {}
  for (const kind of followed)
    for (const object of context.list(kind, { namespace })) {
      if (!quotaCounts(quota, nameOf(kind), object)) continue
      for (const [name, amount] of Object.entries(quotaUsage(nameOf(kind), object, context.clock.now())))
        sums[name] = addQuantities(sums[name] ?? zeroQuantity, amount)
    }
  const scoped = Boolean(quota.spec.scopes?.length || quota.spec.scopeSelector?.matchExpressions?.length)
  for (const name of hard) {
    const resource = uncounted(name)
    // Scopes are of pods and claims alone.
    if (!resource || scoped) continue
    const kind = await served(resource, context)
    sums[name] = kind ? await countOf(context.client, kind, namespace) : zeroQuantity
  }
  return sums
}

/** How many objects there are, asked of the server, which knows without sending them. */
async function countOf(client: Client, kind: AnyKind, namespace: string): Promise<Quantity> {
  try {
    const { items, remainingItemCount = 0 } = await client.list(kind, { namespace, limit: 1 })
    return { nanos: BigInt(items.length + remainingItemCount) * 1_000_000_000n, format: 'DecimalSI' }
  } catch (error) {
    if (isNotFound(error)) return zeroQuantity
    throw error
  }
}

/** Finds kinds by their names, among those that the server serves at the time. */
function servedKinds() {
  let known: ReadonlyMap<string, AnyKind> = new Map()
  let asked = Number.NEGATIVE_INFINITY
  return async ({ group, plural }: CountedResource, { client, clock, signal }: ReconcileContext) => {
    const find = () => known.get(`${group}/${plural}`)
    if (find() && clock.now() - asked < rediscover) return find()
    if (clock.now() - asked >= recount) {
      const { resources } = await discover(client, signal)
      known = new Map(
        resources
          .filter(({ preferred, kind }) => preferred && kind.namespaced)
          .map(({ kind }) => [
            `${kind.gvk.group}/${kind.plural}`,
            untypedKind({ ...kind.gvk, plural: kind.plural, namespaced: true }),
          ]),
      )
      asked = clock.now()
    }
    return find()
  }
}
