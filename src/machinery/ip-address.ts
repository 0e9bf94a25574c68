import { isIPv4 } from 'node:net'

/** An IP address as a number. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly value: bigint
}

/** A network: its first address and the number of leading bits that all of its addresses share. */
export interface Cidr {
  readonly family: 4 | 6
  /** As written; may have bits set beyond the prefix. */
  readonly address: bigint
  readonly network: bigint
  readonly prefix: number
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128)

/** Reads an address; IPv4 parts may have leading zeros, as older objects do. An IPv4-mapped IPv6 address counts as IPv4. */
export function parseIp(text: string): IpAddress | undefined {
  const dotted = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/.exec(text)
  if (dotted) {
    let value = 0
    for (const part of dotted.slice(1)) {
      if (Number(part) > 255) return undefined
      value = value * 256 + Number(part)
    }
    return { family: 4, value: BigInt(value) }
  }
  let groups = text
  const tail = /^(.*:)([\d.]+)$/.exec(text)
  if (tail?.[2]?.includes('.')) {
    if (!isIPv4(tail[2])) return undefined
    const [a = 0, b = 0, c = 0, d = 0] = tail[2].split('.').map(Number)
    groups = `${tail[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const [head = '', rest, ...more] = groups.split('::')
  const left = head ? head.split(':') : []
  const right = rest ? rest.split(':') : []
  const missing = 8 - left.length - right.length
  if (more.length > 0 || (rest === undefined ? missing !== 0 : missing < 1)) return undefined
  // The regular expression of `isIPv6` takes ten milliseconds to be compiled, which every process would spend.
  if (![...left, ...right].every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const zeros = Array<string>(missing).fill('0')
  const value = BigInt(`0x${[...left, ...zeros, ...right].map(group => group.padStart(4, '0')).join('')}`)
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value }
}

/** Writes an address in its canonical form (RFC 5952 for IPv6). */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) {
    const bits = Number(value)
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
  }
  const groups: string[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16))
  let start = -1
  let length = 1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === '0') end++
    if (end - at > length) [start, length] = [at, end - at]
    if (end > at) at = end - 1
  }
  if (start < 0) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** The one way to write an address; what is none stays as it is. */
export const canonicalIp = (text: string): string => {
  const address = parseIp(text)
  return address ? formatIp(address) : text
}

/** Reads `10.0.0.0/24`. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(.+)\/(\d{1,3})$/.exec(text)
  const address = match?.[1] === undefined ? undefined : parseIp(match[1])
  if (!match || !address) return undefined
  // A mapped address keeps the prefix length of the form it was written in.
  const mapped = address.family === 4 && match[1]?.includes(':')
  const prefix = Number(match[2]) - (mapped ? 96 : 0)
  const bits = bitsOf(address.family)
  if (prefix < 0 || prefix > bits) return undefined
  const hostBits = BigInt(bits - prefix)
  return {
    family: address.family,
    address: address.value,
    network: (address.value >> hostBits) << hostBits,
    prefix,
  }
}

/** The same of a text that must be one; throws, with an example, if it is none. */
export function cidrOf(text: string, example = '10.96.0.0/16'): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw new Error(`${text} is no network in CIDR notation, such as ${example}`)
  return cidr
}

/** An address or host name as it stands in a URL, in front of a port. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** `10.0.0.0/24`, host bits cleared. */
export const formatCidr = ({ family, network, prefix }: Cidr): string =>
  `${formatIp({ family, value: network })}/${prefix}`

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.family !== address.family) return false
  const hostBits = BigInt(bitsOf(cidr.family) - cidr.prefix)
  return address.value >> hostBits === cidr.network >> hostBits
}

/** What an older form of an object held, which stays allowed whatever it is. */
export type KnownTexts = Pick<ReadonlySet<string>, 'has'>

const nothing: KnownTexts = new Set<string>()

/** Messages about an IP address: what is none, and forms that programs read differently. */
export function ipAddress(text: string, known = nothing): string[] {
  if (known.has(text)) return []
  if (!parseIp(text)) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  if (hasLeadingZeros(text)) return ['must not have leading 0s']
  return isMapped(text) ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** Messages about a network: what is none, forms that programs read differently, and bits beyond the prefix. */
export function cidr(text: string, known = nothing): string[] {
  if (known.has(text)) return []
  const parsed = parseCidr(text)
  if (!parsed) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
  const address = text.slice(0, text.indexOf('/'))
  if (hasLeadingZeros(address) || /\/0\d/.test(text)) return ['must not have leading 0s in IP or prefix length']
  if (isMapped(address)) return ['must not have an IPv4-mapped IPv6 address']
  return parsed.address === parsed.network ? [] : ['must not have bits set beyond the prefix length']
}

/** The same of an address that may only be written in one way. */
export const strictIpAddress = (text: string): string[] => inOneWay(text, ipAddress(text), canonicalIp(text))

/** The same of a network that may only be written in one way. */
export function strictCidr(text: string): string[] {
  const parsed = parseCidr(text)
  return inOneWay(text, cidr(text), parsed ? formatCidr(parsed) : text)
}

const inOneWay = (text: string, messages: string[], canonical: string): string[] =>
  messages.length > 0 || text === canonical ? messages : [`must be in canonical form ("${canonical}")`]

const hasLeadingZeros = (address: string): boolean => !address.includes(':') && !isIPv4(address)

const isMapped = (address: string): boolean => address.includes(':') && parseIp(address)?.family === 4
