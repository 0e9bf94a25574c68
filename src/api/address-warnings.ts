import { formatCidr, formatIp, parseCidr, parseIp } from '../machinery/ip-address.js'
import type { FieldPath } from '../machinery/path.js'

/** Addresses and networks that are accepted but written in another way than they should be; what is none is none here. */

const isMapped = (text: string): boolean => text.includes('.') && text.includes(':')

const hasLeadingZero = (text: string): boolean => !text.includes(':') && /(^|[./])0\d/.test(text)

/** What to tell the client about an IP address. */
export function addressWarnings(text: string, at: FieldPath): string[] {
  const address = parseIp(text)
  if (!address) return []
  const canonical = formatIp(address)
  if (isOddForm(text, address.family))
    return [
      `${at}: non-standard IP address "${text}" will be considered invalid in a future Kubernetes release: use "${canonical}"`,
    ]
  return address.family === 4 || text === canonical
    ? []
    : [`${at}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`]
}

/** What to tell the client about a network. */
export function networkWarnings(text: string, at: FieldPath): string[] {
  const network = parseCidr(text)
  if (!network) return []
  const { family, address, prefix } = network
  const canonical = formatCidr(network)
  const warnings: string[] = []
  if (address !== network.network) {
    const single = `${formatIp({ family, value: address })}/${family === 4 ? 32 : 128}`
    warnings.push(`${at}: CIDR value "${text}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`)
  }
  if (isOddForm(text, family))
    warnings.push(
      `${at}: non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${canonical}"`,
    )
  if (warnings.length === 0 && family === 6 && text !== `${formatIp({ family, value: address })}/${prefix}`)
    warnings.push(`${at}: IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${canonical}")`)
  return warnings
}

const isOddForm = (text: string, family: 4 | 6): boolean =>
  hasLeadingZero(text) || (family === 4 && (isMapped(text) || text.includes(':')))
