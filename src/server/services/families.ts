import { validateClusterIps } from '../../api/core/v1/cluster-ips.js'
import type { Service } from '../../api/core/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { parseIp } from '../../machinery/ip-address.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { FieldError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { familyOf, type IpFamily } from './networks.js'

type Spec = Draft<Service['spec']>

const policyAt = 'spec.ipFamilyPolicy'

/**
 * Fills in the families of a service's addresses and their policy, as far as the cluster (`configured`, the default
 * first) has them. Answers what cannot be.
 * https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
 */
export function settleFamilies(
  service: Draft<Service>,
  old: Service | undefined,
  configured: readonly IpFamily[],
): readonly FieldError[] {
  const { spec } = service
  if (spec.type === 'ExternalName' || keepsPreference(spec, old)) return []
  const open = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (open ? 'RequireDualStack' : 'SingleStack')
  const faults = validateClusterIps(service)
  if (faults.length > 0) return faults
  const errors = old ? releaseSecond(spec, old.spec) : []
  if (spec.ipFamilyPolicy === 'SingleStack')
    for (const field of ['clusterIPs', 'ipFamilies'] as const)
      if (spec[field]?.length === 2)
        errors.push(
          invalidValue(
            policyAt,
            spec.ipFamilyPolicy,
            `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${field === 'clusterIPs' ? 'cluster IPs' : 'IP families'} are specified`,
          ),
        )
  errors.push(...inferFamilies(spec, configured))
  if (errors.length > 0) return errors
  const [first = 'IPv4'] = spec.ipFamilies ?? []
  const both: IpFamily[] = first === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
  // Without a selector or an address of its own, what there is of a service is up to its endpoints.
  if (open) {
    if (spec.ipFamilyPolicy !== 'SingleStack' && (spec.ipFamilies?.length ?? 0) < 2)
      spec.ipFamilies = spec.ipFamilies?.length || configured[0] !== 'IPv6' ? both : ['IPv6', 'IPv4']
    else if (!spec.ipFamilies?.length) spec.ipFamilies = configured.slice(0, 1)
    return []
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2)
    errors.push(invalidValue(policyAt, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'))
  for (const [i, family] of (spec.ipFamilies ?? []).entries())
    if (!configured.includes(family as IpFamily))
      errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
  if (errors.length > 0) return errors
  if (!spec.ipFamilies?.length) spec.ipFamilies = configured.slice(0, 1)
  if (spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies.length === 1 && configured.length === 2)
    spec.ipFamilies = spec.ipFamilies[0] === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
  return []
}

const hasAddress = ({ type }: Spec): boolean => type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer'

/** A service that only prefers two families stays as it is when the cluster comes to have more or fewer. */
export function keepsPreference(spec: Spec, old: Service | undefined): boolean {
  if (!old || spec.type !== old.spec.type || !hasAddress(spec)) return false
  return (
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.spec.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    jsonEqual(spec.clusterIPs ?? [], old.spec.clusterIPs ?? []) &&
    jsonEqual(spec.ipFamilies ?? [], old.spec.ipFamilies ?? [])
  )
}

const second = { clusterIPs: 'secondary cluster IP', ipFamilies: 'secondary IP family' } as const

/** Going back to one family is clear from the policy alone; dropping the second of anything is not. */
function releaseSecond(spec: Spec, old: Service['spec']): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['clusterIPs', 'ipFamilies'] as const) {
    const now = spec[field] ?? []
    const before = old[field] ?? []
    if (spec.ipFamilyPolicy === 'SingleStack') {
      if (now.length > 1 && jsonEqual(now, before)) spec[field] = now.slice(0, 1)
    } else if (now.length > 0 && now.length < before.length)
      errors.push(invalidValue(policyAt, spec.ipFamilyPolicy, `must be 'SingleStack' to release the ${second[field]}`))
  }
  return errors
}

/** Addresses that were asked for tell their families. */
function inferFamilies(spec: Spec, configured: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') break
    const parsed = parseIp(ip)
    if (!parsed || i < (spec.ipFamilies?.length ?? 0)) continue
    const family = familyOf(parsed)
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family]
    else
      errors.push(invalidValue(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`))
  }
  return errors
}
