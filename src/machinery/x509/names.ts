import { isIPv4, isIPv6 } from 'node:net'
import {
  type DerElement,
  oid,
  readInside,
  readOid,
  readText,
  sequence,
  set,
  taggedPrimitive,
  utf8String,
} from './der.js'

/** Who a certificate speaks for. Kubernetes reads the common name as the user, the organizations as its groups. */
export interface Name {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

/** Where a certificate's owner may be reached. */
export interface AlternativeNames {
  readonly dns?: readonly string[]
  /** IPv4 or IPv6, as text. */
  readonly addresses?: readonly string[]
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
}

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'

const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8String(value)))

export const encodeName = ({ commonName, organizations = [] }: Name): Buffer =>
  sequence(...organizations.map(value => attribute(ORGANIZATION, value)), attribute(COMMON_NAME, commonName))

/** Reads a distinguished name; attributes other than the two are passed over. */
export const decodeName = (from: DerElement | undefined): Required<Name> => {
  const organizations: string[] = []
  let commonName = ''
  for (const relative of readInside(from, 0x30)) {
    for (const pair of readInside(relative, 0x31)) {
      const [type, value] = readInside(pair, 0x30)
      const name = readOid(type)
      if (name === COMMON_NAME) commonName = readText(value)
      else if (name === ORGANIZATION) organizations.push(readText(value))
    }
  }
  return { commonName, organizations }
}

/** An IP address in network byte order, 4 or 16 bytes. Throws on other text. */
export const addressBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address) || address.includes('%')) throw new Error(`${JSON.stringify(address)} is not an IP address`)
  // The URL parser writes embedded IPv4 as hexadecimal groups, so that only `::` is left to expand.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const zeros = right === undefined ? 0 : 8 - groups(left).length - groups(right).length
  const all = [...groups(left), ...Array<string>(zeros).fill('0'), ...groups(right)]
  return Buffer.from(all.map(group => group.padStart(4, '0')).join(''), 'hex')
}

/** The text of an address's bytes, IPv6 in its canonical short form. */
export const addressText = (bytes: Buffer): string => {
  if (bytes.length === 4) return [...bytes].join('.')
  if (bytes.length !== 16) throw new Error(`an IP address has 4 or 16 bytes, not ${bytes.length}`)
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

const EMAIL = 1
const DNS = 2
const URI = 6
const ADDRESS = 7

export const encodeAlternativeNames = ({
  dns = [],
  addresses = [],
  emails = [],
  uris = [],
}: AlternativeNames): Buffer =>
  sequence(
    ...dns.map(name => taggedPrimitive(DNS, Buffer.from(name, 'latin1'))),
    ...addresses.map(address => taggedPrimitive(ADDRESS, addressBytes(address))),
    ...emails.map(email => taggedPrimitive(EMAIL, Buffer.from(email, 'latin1'))),
    ...uris.map(uri => taggedPrimitive(URI, Buffer.from(uri, 'latin1'))),
  )

/** Reads a subjectAltName; kinds of names that Kubernetes has no use for are passed over. */
export const decodeAlternativeNames = (from: DerElement | undefined): Required<AlternativeNames> => {
  const names = { dns: [] as string[], addresses: [] as string[], emails: [] as string[], uris: [] as string[] }
  for (const { tag, content } of readInside(from, 0x30)) {
    if (tag === (0x80 | DNS)) names.dns.push(content.toString('latin1'))
    else if (tag === (0x80 | ADDRESS)) names.addresses.push(addressText(content))
    else if (tag === (0x80 | EMAIL)) names.emails.push(content.toString('latin1'))
    else if (tag === (0x80 | URI)) names.uris.push(content.toString('latin1'))
  }
  return names
}

export const isEmpty = ({ dns, addresses, emails, uris }: AlternativeNames): boolean =>
  !dns?.length && !addresses?.length && !emails?.length && !uris?.length
