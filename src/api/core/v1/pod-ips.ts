import { internalFieldError, invalidValue, invalidValues, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { ipAddress, parseIp } from '../../../machinery/ip-address.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import type { PodStatus } from './pod.js'

/** `podIP` is the first of `podIPs`: who knows one of the fields alone is right, and the older one wins. */
export function joinPodIps(status: Draft<PodStatus>): void {
  const { podIP, podIPs } = status
  if (podIP && podIPs?.[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }]
  else if (!podIP && podIPs?.[0]) status.podIP = podIPs[0].ip
}

/** Addresses of a pod or its host: those that are new must be some, and there is one of each family at most. */
export function validatePodIps(
  ips: readonly { readonly ip: string }[] = [],
  old: readonly { readonly ip: string }[] = [],
  at: FieldPath,
): FieldError[] {
  const known = new Set(old.map(({ ip }) => ip))
  const errors = ips.flatMap(({ ip }, i) => (known.has(ip) ? [] : invalidValues(at.index(i), ip, ipAddress(ip))))
  if (ips.length < 2) return errors
  const parsed = ips.map(({ ip }) => parseIp(ip))
  const bad = parsed.indexOf(undefined)
  if (bad >= 0)
    errors.push(internalFieldError(at, `failed to check for dual stack with error:invalid IP[${bad}]: ${ips[bad]?.ip}`))
  const families = new Set(parsed.map(address => address?.family))
  if (bad >= 0 || families.size < 2 || ips.length > 2)
    errors.push(invalidValue(at, shown(ips), 'may specify no more than one IP for each IP family'))
  return errors
}

const shown = (ips: readonly { readonly ip: string }[]): Shown => new Shown(goJson(ips.map(({ ip }) => ({ IP: ip }))))
