import { bitString, type DerElement, oid, readBits, readInside, readOid, sequence } from './der.js'

// The names are those of `certificates.k8s.io/v1` KeyUsage; the position is the bit in X.509's KeyUsage.
const KEY_USAGES = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
] as const

const EXTENDED_USAGES = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const

/** What a key may be used for, in the words of `certificates.k8s.io/v1`. */
export type Usage = (typeof KEY_USAGES)[number] | keyof typeof EXTENDED_USAGES

/** The KeyUsage bits among `usages`; undefined if there are none. */
export const encodeKeyUsage = (usages: readonly Usage[]): Buffer | undefined => {
  const bits = KEY_USAGES.flatMap((usage, bit) => (usages.includes(usage) ? [bit] : []))
  const highest = bits.at(-1)
  if (highest === undefined) return undefined
  const bytes = Buffer.alloc(highest < 8 ? 1 : 2)
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return bitString(bytes, 7 - (highest & 7))
}

/** The extended usages among `usages`; undefined if there are none. */
export const encodeExtendedUsage = (usages: readonly Usage[]): Buffer | undefined => {
  const types = Object.entries(EXTENDED_USAGES).flatMap(([usage, type]) =>
    usages.some(u => u === usage) ? [type] : [],
  )
  return types.length > 0 ? sequence(...types.map(oid)) : undefined
}

export const decodeKeyUsage = (from: DerElement | undefined): Usage[] => {
  const bits = readBits(from)
  return KEY_USAGES.filter((_, bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

/** Usages that have no name in Kubernetes are passed over. */
export const decodeExtendedUsage = (from: DerElement | undefined): Usage[] => {
  const types = readInside(from, 0x30).map(readOid)
  return (Object.keys(EXTENDED_USAGES) as (keyof typeof EXTENDED_USAGES)[]).filter(usage =>
    types.includes(EXTENDED_USAGES[usage]),
  )
}
