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

/** The bits of X.509's KeyUsage among `usages`; 0 if there are none. */
export const keyUsageBits = (usages: readonly Usage[]): number =>
  KEY_USAGES.reduce((bits, usage, bit) => (usages.includes(usage) ? bits | (1 << bit) : bits), 0)

/** The object identifiers of the extended usages among `usages`. */
export const extendedUsages = (usages: readonly Usage[]): string[] =>
  Object.entries(EXTENDED_USAGES).flatMap(([usage, type]) => (usages.some(one => one === usage) ? [type] : []))

/** The usages that KeyUsage bits and object identifiers of extended usages stand for; others are passed over. */
export const usagesOf = (bits: number, types: readonly string[]): Usage[] => [
  ...KEY_USAGES.filter((_, bit) => (bits & (1 << bit)) !== 0),
  ...(Object.keys(EXTENDED_USAGES) as (keyof typeof EXTENDED_USAGES)[]).filter(usage =>
    types.includes(EXTENDED_USAGES[usage]),
  ),
]
