import { Pod, type QuotaUsage, quotaCounts, quotaUsage, ResourceQuota, unspecified } from '../../api/core/v1/index.js'
import { addQuantities, compareQuantities, formatQuantity, subtractQuantities } from '../../machinery/quantity.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { serverWriter } from '../registry/server-writer.js'
import { type AdmissionPlugin, type AdmissionRequest, isOf, refusal } from './admission.js'

/** What a write has taken of a quota, so that it can be given back. */
interface Taken {
  readonly quota: ResourceQuota
  readonly usage: QuotaUsage
}

/**
 * ResourceQuota: counts what a write takes of its namespace's quotas before it happens, in the quotas themselves, so
 * that no race and no second server can go beyond. A controller counts anew what is freed.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export const resourceQuota = (registries: Registries): AdmissionPlugin => {
  const taken = new WeakMap<AdmissionRequest, Taken[]>()
  const takeAll = async (request: AdmissionRequest, quotas: readonly ResourceQuota[]): Promise<void> => {
    const concerned = concernedQuotas(request, quotas)
    const usage = concerned.length > 0 ? usageOf(request) : {}
    const takings: Taken[] = []
    taken.set(request, takings)
    for (const quota of concerned) {
      const own = only(usage, Object.keys(quota.status.hard ?? {}))
      if (Object.keys(own).length === 0) continue
      if (request.dryRun) withUsage(request, quota, own)
      else if (await take(registries, request, quota, own)) takings.push({ quota, usage: own })
    }
  }
  return {
    name: 'ResourceQuota',
    validate(request) {
      if (!isCounted(request)) return undefined
      const quotas = registries.of(ResourceQuota).cache.list(`${request.namespace}/`)
      if (quotas.length === 0) return undefined
      const objects = quotas.map(({ object }) => object)
      return takeAll(request, objects)
    },
    settled(request, written) {
      const takings = written ? undefined : taken.get(request)
      return takings && giveBackAll(registries, takings)
    },
  }
}

async function giveBackAll(registries: Registries, takings: readonly Taken[]): Promise<void> {
  for (const { quota, usage } of takings) await giveBack(registries, quota, usage)
}

/** New objects; and changes that can make an old one take more. */
function isCounted({ operation, resource: { kind }, subresource, object }: AdmissionRequest): boolean {
  if (!object || !kind.namespaced) return false
  if (operation === 'CREATE') return subresource === ''
  if (operation !== 'UPDATE' || kind.gvk.group !== '') return false
  if (kind.plural === 'pods') return subresource === 'resize'
  return subresource === '' && (kind.plural === 'services' || kind.plural === 'persistentvolumeclaims')
}

const nameOf = ({ resource: { kind } }: AdmissionRequest) => ({ group: kind.gvk.group, plural: kind.plural })

/** What the write takes beyond what the object already had. */
function usageOf(request: AdmissionRequest): QuotaUsage {
  const { object, old } = request
  const now = quotaUsage(nameOf(request), object ?? {})
  if (!old) return now
  const before = quotaUsage(nameOf(request), old)
  const more: Record<string, QuotaUsage[string]> = {}
  for (const [name, amount] of Object.entries(now)) {
    const had = before[name]
    const difference = had ? subtractQuantities(amount, had) : amount
    // What is given up is counted by the controller, once it is.
    if (difference.nanos > 0n) more[name] = difference
  }
  return more
}

const only = (usage: QuotaUsage, names: readonly string[]): QuotaUsage =>
  Object.fromEntries(
    names.flatMap(name => {
      const amount = usage[name]
      return amount && amount.nanos > 0n ? [[name, amount]] : []
    }),
  )

function concernedQuotas(request: AdmissionRequest, quotas: readonly ResourceQuota[]): readonly ResourceQuota[] {
  const { object } = request
  if (!object) return []
  const resource = nameOf(request)
  const usage = quotaUsage(resource, object)
  return quotas.filter(quota => {
    if (!quotaCounts(quota, resource, object)) return false
    const hard = Object.keys(quota.status.hard ?? {})
    const name = quota.metadata.name ?? ''
    if (isOf(request.resource, Pod)) {
      const missing = unspecified(object as unknown as Pod, hard)
      if (missing) throw refusal(request, `failed quota: ${name}: ${missing}`)
    }
    const bounded = hard.filter(resource => usage[resource])
    const unknown = bounded.filter(resource => quota.status.used?.[resource] === undefined).sort()
    if (unknown.length > 0) throw refusal(request, `status unknown for quota: ${name}, resources: ${unknown.join()}`)
    return bounded.length > 0
  })
}

/** Enters usage into a quota that is there. False if it has gone meanwhile. */
async function take(
  registries: Registries,
  request: AdmissionRequest,
  { metadata }: ResourceQuota,
  usage: QuotaUsage,
): Promise<boolean> {
  return change(registries, metadata, quota => withUsage(request, quota, usage))
}

async function giveBack(registries: Registries, { metadata }: ResourceQuota, usage: QuotaUsage): Promise<void> {
  await change(registries, metadata, quota => {
    const used: Record<string, string> = { ...quota.status.used }
    for (const [name, amount] of Object.entries(usage)) {
      const rest = subtractQuantities(used[name] ?? '0', amount)
      used[name] = formatQuantity(rest.nanos < 0n ? { ...rest, nanos: 0n } : rest)
    }
    return used
  })
}

async function change(
  registries: Registries,
  { namespace = '', name = '', uid }: ResourceQuota['metadata'],
  use: (quota: ResourceQuota) => { readonly [resource: string]: string },
): Promise<boolean> {
  try {
    await registries.of(ResourceQuota).update(
      namespace,
      name,
      {
        direct: true,
        retry: true,
        apply(current) {
          if (!current || current.metadata.uid !== uid) throw new GoneError()
          const { resourceVersion: _, ...kept } = current.metadata
          return {
            ...current,
            metadata: kept,
            status: { ...current.status, used: use(current) },
          } as Draft<ResourceQuota>
        },
      },
      serverWriter,
    )
    return true
  } catch (error) {
    if (error instanceof GoneError || isNotFound(error)) return false
    throw error
  }
}

/** The quota is not the one that it was. */
class GoneError extends Error {}

/** What a quota has in use with this in addition. Throws a 403 if that is more than it allows. */
function withUsage(
  request: AdmissionRequest,
  { metadata, status }: ResourceQuota,
  usage: QuotaUsage,
): { readonly [resource: string]: string } {
  const used: Record<string, string> = { ...status.used }
  const exceeded: string[] = []
  for (const [name, amount] of Object.entries(usage)) {
    const sum = addQuantities(used[name] ?? '0', amount)
    if (compareQuantities(sum, status.hard?.[name] ?? '0') > 0) exceeded.push(name)
    used[name] = formatQuantity(sum)
  }
  if (exceeded.length === 0) return used
  const text = (amounts: { readonly [name: string]: string }) =>
    exceeded
      .sort()
      .map(name => `${name}=${amounts[name] ?? '0'}`)
      .join()
  const requested = Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, formatQuantity(amount)]))
  throw refusal(
    request,
    `exceeded quota: ${metadata.name}, requested: ${text(requested)}, used: ${text(status.used ?? {})}, ` +
      `limited: ${text(status.hard ?? {})}`,
  )
}
