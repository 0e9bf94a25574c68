import { formatIp, parseIp } from '../ip-address.js'
import {
  type DerValue,
  der,
  derContent,
  derTag,
  derValues,
  derWithin,
  numbered,
  objectId,
  readObjectId,
  sequence,
} from './der.js'
import { objectIds } from './object-ids.js'

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

/** An IP address in its canonical form. Throws on other text. */
export const canonicalAddress = (text: string): string => {
  const address = parseIp(text)
  if (!address) throw new Error(`${JSON.stringify(text)} is not an IP address`)
  return formatIp(address)
}

/** A name as certificates have it: one attribute after the other, in UTF-8. */
export function encodeName({ commonName, organizations = [] }: Name): Buffer {
  const attribute = (type: string, value: string) =>
    der(derTag.set, sequence(objectId(type), der(derTag.utf8String, Buffer.from(value))))
  return sequence(
    ...organizations.map(value => attribute(objectIds.organization, value)),
    attribute(objectIds.commonName, commonName),
  )
}

/** What Kubernetes knows of a name. Throws for what is none. */
export function readName(name: DerValue | undefined): Required<Name> {
  let commonName = ''
  const organizations: string[] = []
  for (const set of derWithin(name, derTag.sequence))
    for (const attribute of derWithin(set, derTag.set)) {
      const [type, value] = derWithin(attribute, derTag.sequence)
      const id = readObjectId(type)
      if (id === objectIds.commonName) commonName = readText(value)
      else if (id === objectIds.organization) organizations.push(readText(value))
    }
  return { commonName, organizations }
}

/** The encodings of text; those of several bytes a character have the high byte first. */
const alphabets: { readonly [tag: number]: (bytes: Buffer) => string } = {
  [derTag.utf8String]: bytes => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
  [derTag.numericString]: bytes => bytes.toString('latin1'),
  [derTag.printableString]: bytes => bytes.toString('latin1'),
  [derTag.teletexString]: bytes => bytes.toString('latin1'),
  [derTag.ia5String]: bytes => bytes.toString('latin1'),
  [derTag.bmpString]: bytes => Buffer.from(bytes).swap16().toString('utf16le'),
  [derTag.universalString]: bytes =>
    Array.from({ length: bytes.length / 4 }, (_, i) => String.fromCodePoint(bytes.readUInt32BE(4 * i))).join(''),
}

function readText(value: DerValue | undefined): string {
  const alphabet = value && alphabets[value.tag]
  if (!alphabet) throw new Error('a name has an attribute that is no text')
  return alphabet(value.content)
}

/** The choices of a general name, each with a tag of its own. */
const choice = {
  email: numbered(1, 'value'),
  dns: numbered(2, 'value'),
  uri: numbered(6, 'value'),
  address: numbered(7, 'value'),
} as const

/** Alternative names as certificates have them; undefined if there are none. */
export function encodeAlternativeNames({
  dns = [],
  addresses = [],
  emails = [],
  uris = [],
}: AlternativeNames): Buffer | undefined {
  const text = (tag: number) => (value: string) => der(tag, Buffer.from(value, 'latin1'))
  const names = [
    ...dns.map(text(choice.dns)),
    ...addresses.map(value => der(choice.address, addressBytes(value))),
    ...emails.map(text(choice.email)),
    ...uris.map(text(choice.uri)),
  ]
  return names.length > 0 ? sequence(...names) : undefined
}

/** The names among those of an extension that Kubernetes has a use for. Throws for what are none. */
export function readAlternativeNames(bytes: Buffer): Required<AlternativeNames> {
  const [list, ...others] = derValues(bytes)
  const names = others.length > 0 ? [] : derWithin(list, derTag.sequence)
  const of = (tag: number) => names.filter(name => name.tag === tag).map(name => derContent(name, tag))
  const texts = (tag: number) => of(tag).map(content => content.toString('latin1'))
  return {
    dns: texts(choice.dns),
    addresses: of(choice.address).map(addressText),
    emails: texts(choice.email),
    uris: texts(choice.uri),
  }
}

function addressBytes(text: string): Buffer {
  const address = parseIp(canonicalAddress(text))
  const digits = (address?.value ?? 0n).toString(16).padStart(address?.family === 6 ? 32 : 8, '0')
  return Buffer.from(digits, 'hex')
}

function addressText(bytes: Buffer): string {
  if (bytes.length !== 4 && bytes.length !== 16) throw new Error(`an IP address has ${bytes.length} bytes`)
  return canonicalAddress(bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':'))
}
