import type { GeneralName, JsonGeneralNames } from '@peculiar/x509'
import { formatIp, parseIp } from '../ip-address.js'

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

/** A name as the library takes it: one attribute after the other, in UTF-8. */
export const nameAttributes = ({ commonName, organizations = [] }: Name) => [
  ...organizations.map(value => ({ O: [{ utf8String: value }] })),
  { CN: [{ utf8String: commonName }] },
]

/** Alternative names as the library takes them. */
export const generalNames = ({
  dns = [],
  addresses = [],
  emails = [],
  uris = [],
}: AlternativeNames): JsonGeneralNames => [
  ...dns.map(value => ({ type: 'dns' as const, value })),
  ...addresses.map(value => ({ type: 'ip' as const, value: canonicalAddress(value) })),
  ...emails.map(value => ({ type: 'email' as const, value })),
  ...uris.map(value => ({ type: 'url' as const, value })),
]

/** The names among those the library has read that Kubernetes has a use for. */
export const alternativeNames = (items: readonly GeneralName[]): Required<AlternativeNames> => {
  const of = (type: GeneralName['type']) => items.filter(item => item.type === type).map(({ value }) => value)
  return { dns: of('dns'), addresses: of('ip').map(canonicalAddress), emails: of('email'), uris: of('url') }
}
