import { isIP } from 'node:net'
import { type Cidr, cidrContains, formatIp, type IpAddress, parseCidr, parseIp } from '../../ip-address.js'
import { CelError, type CelValue, OpaqueValue } from '../values.js'
import { declare } from './declare.js'

class IpValue extends OpaqueValue {
  readonly typeName = 'net.IP'

  constructor(readonly address: IpAddress) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return (
      other instanceof IpValue &&
      other.address.family === this.address.family &&
      other.address.value === this.address.value
    )
  }
}

class CidrValue extends OpaqueValue {
  readonly typeName = 'net.CIDR'

  constructor(readonly cidr: Cidr) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    if (!(other instanceof CidrValue)) return false
    const { family, address, prefix } = other.cidr
    return family === this.cidr.family && address === this.cidr.address && prefix === this.cidr.prefix
  }
}

/** Strict: no leading zeros, no zones, no IPv4 in IPv6. */
function addressOf(text: string): IpAddress | undefined {
  if (isIP(text) === 0 || text.includes('%') || (text.includes(':') && text.includes('.'))) return undefined
  return parseIp(text)
}

function readIp(text: string): IpValue {
  const address = addressOf(text)
  if (!address) throw new CelError(`IP Address '${text}' parse error during conversion from string`)
  return new IpValue(address)
}

function cidrOf(text: string): Cidr | undefined {
  const [address = '', prefix = ''] = text.split('/')
  return addressOf(address) && /^(0|[1-9]\d*)$/.test(prefix) ? parseCidr(text) : undefined
}

function readCidr(text: string): CidrValue {
  const cidr = cidrOf(text)
  if (!cidr) throw new CelError(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
  return new CidrValue(cidr)
}

const inside = (cidr: Cidr, other: Cidr): boolean =>
  cidr.prefix <= other.prefix && cidrContains(cidr, { family: other.family, value: other.address })

/** Whether an address is in any of these networks. */
const within =
  (...networks: readonly string[]) =>
  ({ address }: IpValue): boolean =>
    networks.some(text => {
      const cidr = parseCidr(text)
      return cidr !== undefined && cidrContains(cidr, address)
    })

const isLoopback = within('127.0.0.0/8', '::1/128')
const isLinkLocalMulticast = within('224.0.0.0/24', 'ff02::/16')
const isLinkLocalUnicast = within('169.254.0.0/16', 'fe80::/10')
const isUnspecified = within('0.0.0.0/32', '::/128')
const isMulticast = within('224.0.0.0/4', 'ff00::/8')
const isBroadcast = within('255.255.255.255/32')

const cidrText = ({ cidr: { family, address, prefix } }: CidrValue): string =>
  `${formatIp({ family, value: address })}/${prefix}`

export const addressFunctions = declare({
  'ip(string): net.IP': readIp,
  'isIP(string): bool': (text: string) => addressOf(text) !== undefined,
  'ip::isCanonical(string): bool': (text: string) => formatIp(readIp(text).address) === text,
  'string(net.IP): string': ({ address }: IpValue) => formatIp(address),
  'net.IP.family(): int': ({ address }: IpValue) => BigInt(address.family),
  'net.IP.isUnspecified(): bool': isUnspecified,
  'net.IP.isLoopback(): bool': isLoopback,
  'net.IP.isLinkLocalMulticast(): bool': isLinkLocalMulticast,
  'net.IP.isLinkLocalUnicast(): bool': isLinkLocalUnicast,
  'net.IP.isGlobalUnicast(): bool': (ip: IpValue) =>
    ![isUnspecified, isLoopback, isMulticast, isLinkLocalUnicast, isBroadcast].some(test => test(ip)),
  'cidr(string): net.CIDR': readCidr,
  'isCIDR(string): bool': (text: string) => cidrOf(text) !== undefined,
  'string(net.CIDR): string': cidrText,
  'net.CIDR.containsIP(net.IP): bool': ({ cidr }: CidrValue, { address }: IpValue) => cidrContains(cidr, address),
  'net.CIDR.containsIP(string): bool': ({ cidr }: CidrValue, text: string) => cidrContains(cidr, readIp(text).address),
  'net.CIDR.containsCIDR(net.CIDR): bool': (a: CidrValue, b: CidrValue) => inside(a.cidr, b.cidr),
  'net.CIDR.containsCIDR(string): bool': (a: CidrValue, text: string) => inside(a.cidr, readCidr(text).cidr),
  'net.CIDR.ip(): net.IP': ({ cidr }: CidrValue): CelValue => new IpValue({ family: cidr.family, value: cidr.address }),
  'net.CIDR.masked(): net.CIDR': ({ cidr }: CidrValue) => new CidrValue({ ...cidr, address: cidr.network }),
  'net.CIDR.prefixLength(): int': ({ cidr }: CidrValue) => BigInt(cidr.prefix),
})
