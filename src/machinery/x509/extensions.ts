import {
  boolean,
  type DerElement,
  octetString,
  oid,
  readDer,
  readInside,
  readOid,
  sequence,
  taggedPrimitive,
} from './der.js'
import { type AlternativeNames, decodeAlternativeNames, encodeAlternativeNames, isEmpty } from './names.js'
import { decodeExtendedUsage, decodeKeyUsage, encodeExtendedUsage, encodeKeyUsage, type Usage } from './usages.js'

const SUBJECT_KEY_ID = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const ALTERNATIVE_NAMES = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY_ID = '2.5.29.35'
const EXTENDED_USAGE = '2.5.29.37'

/** What the extensions of a certificate, or those that a request asks for, say. */
export interface Extensions {
  readonly usages: readonly Usage[]
  readonly names: AlternativeNames
  /** Whether the key may sign certificates; undefined leaves the question out, as requests do. */
  readonly authority?: boolean | undefined
  readonly subjectKeyId?: Buffer | undefined
  readonly authorityKeyId?: Buffer | undefined
}

const extension = (type: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(type), ...(critical ? [boolean(true)] : []), octetString(value))

/** The `Extensions` sequence. */
export const encodeExtensions = (extensions: Extensions): Buffer => {
  const { usages, names, authority, subjectKeyId, authorityKeyId } = extensions
  const keyUsage = encodeKeyUsage(usages)
  const extendedUsage = encodeExtendedUsage(usages)
  return sequence(
    ...(keyUsage ? [extension(KEY_USAGE, true, keyUsage)] : []),
    ...(extendedUsage ? [extension(EXTENDED_USAGE, false, extendedUsage)] : []),
    ...(authority === undefined
      ? []
      : [extension(BASIC_CONSTRAINTS, true, authority ? sequence(boolean(true)) : sequence())]),
    ...(subjectKeyId ? [extension(SUBJECT_KEY_ID, false, octetString(subjectKeyId))] : []),
    ...(authorityKeyId ? [extension(AUTHORITY_KEY_ID, false, sequence(taggedPrimitive(0, authorityKeyId)))] : []),
    ...(isEmpty(names) ? [] : [extension(ALTERNATIVE_NAMES, false, encodeAlternativeNames(names))]),
  )
}

/** Reads an `Extensions` sequence; types it does not know are passed over. */
export const decodeExtensions = (from: DerElement | undefined): Extensions & { names: Required<AlternativeNames> } => {
  const values = new Map<string, DerElement | undefined>()
  for (const entry of from ? readInside(from, 0x30) : []) {
    const parts = readInside(entry, 0x30)
    const value = parts.at(-1)
    if (value?.tag !== 0x04) throw new Error('not a certificate structure: an extension without a value')
    values.set(readOid(parts[0]), readDer(value.content)[0])
  }
  const keyUsage = values.get(KEY_USAGE)
  const extendedUsage = values.get(EXTENDED_USAGE)
  const constraints = values.get(BASIC_CONSTRAINTS)
  const names = values.get(ALTERNATIVE_NAMES)
  const authorityKey = values.get(AUTHORITY_KEY_ID)
  return {
    usages: [
      ...(keyUsage ? decodeKeyUsage(keyUsage) : []),
      ...(extendedUsage ? decodeExtendedUsage(extendedUsage) : []),
    ],
    names: names ? decodeAlternativeNames(names) : { dns: [], addresses: [], emails: [], uris: [] },
    authority:
      constraints && readInside(constraints, 0x30).some(({ tag, content }) => tag === 0x01 && content[0] !== 0),
    subjectKeyId: values.get(SUBJECT_KEY_ID)?.content,
    authorityKeyId: authorityKey && readInside(authorityKey, 0x30).find(({ tag }) => tag === 0x80)?.content,
  }
}
