import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import { ipAddress, parseIp } from '../../../machinery/ip-address.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { oneOf } from '../../field-rules.js'
import type { Service } from './service.js'

const spec = root.child('spec')
const families = ['IPv4', 'IPv6']

/** Addresses, families and their policy agree with each other. The allocator relies on it, too. */
export function validateClusterIps(service: Service): FieldError[] {
  const { type, clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = service.spec
  if (type === 'ExternalName') return []
  const at = spec.child('clusterIPs')
  const errors: FieldError[] = []
  if (clusterIP) {
    if (clusterIPs.length === 0) errors.push(required(at))
    else if (clusterIPs[0] !== clusterIP)
      errors.push(invalidValue(at, clusterIPs, 'first value must match `clusterIP`'))
  } else if (clusterIPs.length > 0)
    errors.push(invalidValue(at, clusterIPs, 'must be empty when `clusterIP` is not specified'))
  ipFamilies.forEach((family, i) => {
    {
      const here = spec.child('ipFamilies').index(i)
      if (!families.includes(family)) errors.push(notSupported(here, family, families))
      if (ipFamilies.indexOf(family) < i) errors.push(duplicate(here, family))
    }
  })
  errors.push(
    ...oneOf(ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], spec.child('ipFamilyPolicy')),
  )
  const faults = addressFaults(clusterIPs)
  errors.push(...faults)
  if (clusterIPs.length > 2) errors.push(invalidValue(at, clusterIPs, 'may only hold up to 2 values'))
  if (faults.length > 0) return errors
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(ip => parseIp(ip)?.family)).size !== clusterIPs.length)
    errors.push(invalidValue(at, clusterIPs, 'may specify no more than one IP for each IP family'))
  if (errors.length > 0 || clusterIP === 'None') return errors
  clusterIPs.slice(0, ipFamilies.length).forEach((ip, i) => {
    {
      const family = ipFamilies[i] ?? ''
      if (`IPv${parseIp(ip)?.family}` !== family)
        errors.push(invalidValue(at.index(i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``))
    }
  })
  return errors
}

function addressFaults(clusterIPs: readonly string[]): FieldError[] {
  const at = spec.child('clusterIPs')
  return clusterIPs.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return invalidValues(at.index(i), ip, ipAddress(ip))
    return clusterIPs.length > 1 ? [invalidValue(at, clusterIPs, "'None' must be the first and only value")] : []
  })
}

const isHeadless = ({ clusterIPs }: Service['spec']): boolean => clusterIPs?.length === 1 && clusterIPs[0] === 'None'

/** Addresses and families, once given, stay; only a second one comes and goes. */
export function validateAllocationChange({ spec: now }: Service, { spec: was }: Service): FieldError[] {
  if (now.type === 'ExternalName' || was.type === 'ExternalName') return []
  const both = isHeadless(now) && isHeadless(was)
  return [
    ...(both ? [] : validateKept('clusterIPs', now, was)),
    ...(both || isHeadless(now) !== isHeadless(was) ? [] : validateKept('ipFamilies', now, was)),
  ]
}

function validateKept(field: 'clusterIPs' | 'ipFamilies', now: Service['spec'], was: Service['spec']): FieldError[] {
  const before = was[field] ?? []
  const after = now[field] ?? []
  const what = field === 'clusterIPs' ? 'clusterIP' : 'ipFamily'
  const at = spec.child(field)
  const changed = 'may not change once set'
  if (before.length === after.length)
    return before.flatMap((value, i) =>
      value === after[i] ? [] : [invalidValue(at.index(field === 'clusterIPs' ? i : 0), after, changed)],
    )
  const errors: FieldError[] = []
  const released = before.length > after.length
  if (released && (now.clusterIPs ?? []).length === 0)
    errors.push(invalidValue(at.index(0), now[field] ?? null, `primary ${what} can not be unset`))
  if (before.length > 0 && after.length > 0 && before[0] !== after[0])
    errors.push(invalidValue(at.index(0), now.clusterIPs ?? null, changed))
  if (released && after.length === 1 && now.ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalidValue(
        spec.child('ipFamilyPolicy'),
        now.ipFamilyPolicy ?? null,
        `must be set to 'SingleStack' when releasing the secondary ${what}`,
      ),
    )
  return errors
}

/** A service that only stands for another name has none of this. */
export function validateNoAddress({ spec: { clusterIPs, ipFamilies, ipFamilyPolicy } }: Service): FieldError[] {
  const set = { clusterIPs: clusterIPs?.length, ipFamilies: ipFamilies?.length, ipFamilyPolicy }
  return Object.entries(set).flatMap(([field, value]) =>
    value ? [forbiddenField(spec.child(field), 'may not be set for ExternalName services')] : [],
  )
}
