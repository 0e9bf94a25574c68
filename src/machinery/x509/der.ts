/** DER, the encoding of certificates: https://www.itu.int/rec/T-REC-X.690. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** The tag of what a sequence tells apart by a number: a value, or a list of values. */
export const numbered = (number: number, kind: 'value' | 'values'): number =>
  0x80 | (kind === 'values' ? 0x20 : 0) | number

/** A value: a tag, a length and the content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  const lengthBytes: number[] = []
  if (length > 127) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256)
  const head = length > 127 ? [tag, 0x80 | lengthBytes.length, ...lengthBytes] : [tag, length]
  return Buffer.concat([Buffer.from(head), ...content])
}

export const sequence = (...values: readonly Uint8Array[]): Buffer => der(derTag.sequence, ...values)

/** An object identifier such as `2.5.4.3`. */
export function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number)
  const bytes = [40 * first + second, ...others].flatMap(arc => {
    const digits = [arc % 128]
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80)
    return digits
  })
  return der(derTag.objectId, Buffer.from(bytes))
}

/** Whole bytes as a string of bits. */
export const bitString = (bytes: Uint8Array): Buffer => der(derTag.bitString, Buffer.from([0]), bytes)

/** Flags as a string of bits: the lowest of `flags` is the first, and none are written behind the last that is set. */
export function namedBits(flags: number): Buffer {
  const bytes: number[] = []
  let last = -1
  for (let bit = 0; flags >> bit > 0; bit++) {
    if (bit % 8 === 0) bytes.push(0)
    if ((flags & (1 << bit)) === 0) continue
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | (0x80 >> (bit % 8))
    last = bit
  }
  return der(derTag.bitString, Buffer.from([last < 0 ? 0 : 7 - (last % 8), ...bytes]))
}

/** A time in milliseconds since the epoch, without fractions of a second: years from 2050 on have four digits. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  const short = text < '2050'
  return der(short ? derTag.utcTime : derTag.generalizedTime, Buffer.from(short ? text.slice(2) : text, 'latin1'))
}

/** One value as it was read. */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

/** The values that stand one behind the other. Throws for what is no DER. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0
    // No certificate has tags of several bytes.
    if ((tag & 0x1f) === 0x1f) throw broken()
    const first = bytes[at + 1] ?? 0x80
    const more = first > 127 ? first - 128 : 0
    if (first === 0x80 || more > 4 || at + 2 + more > bytes.length) throw broken()
    const length = more > 0 ? bytes.readUIntBE(at + 2, more) : first
    // A length is written as short as it can be.
    if (more > 0 && (length < 128 || length < 256 ** (more - 1))) throw broken()
    const begin = at + 2 + more
    const end = begin + length
    if (end > bytes.length) throw broken()
    values.push({ tag, content: bytes.subarray(begin, end), whole: bytes.subarray(at, end) })
    at = end
  }
  return values
}

/** The values within one that has the tag. Throws if it is missing or another. */
export const derWithin = (value: DerValue | undefined, tag: number): DerValue[] => derValues(derContent(value, tag))

/** The content of a value that has the tag. Throws if it is missing or another. */
export function derContent(value: DerValue | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw broken()
  return value.content
}

/** The only value of some bytes. Throws if there are others. */
export function derOnly(bytes: Buffer): DerValue {
  const [value, ...others] = derValues(bytes)
  if (!value || others.length > 0) throw broken()
  return value
}

/** An object identifier as text. Throws if the value is none. */
export function readObjectId(value: DerValue | undefined): string {
  const arcs: number[] = []
  let arc = 0
  const bytes = derContent(value, derTag.objectId)
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw broken()
    if (byte > 127) continue
    arcs.push(arc)
    arc = 0
  }
  const first = arcs.shift()
  if (first === undefined || (bytes.at(-1) ?? 0) > 127) throw broken()
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - 40 * root, ...arcs].join('.')
}

/** Whole bytes of a string of bits. Throws if the value is none. */
export function readBytes(value: DerValue | undefined): Buffer {
  const content = derContent(value, derTag.bitString)
  if (content[0] !== 0) throw broken()
  return content.subarray(1)
}

/** Flags of a string of bits, the first of which is the lowest; up to 31 of them. Throws if the value is none. */
export function readNamedBits(value: DerValue | undefined): number {
  const [unused = 8, ...bytes] = derContent(value, derTag.bitString)
  if (unused > 7 || (unused > 0 && bytes.length === 0)) throw broken()
  let flags = 0
  for (let bit = 0; bit < Math.min(31, bytes.length * 8 - unused); bit++)
    if (((bytes[bit >> 3] ?? 0) & (0x80 >> (bit % 8))) !== 0) flags |= 1 << bit
  return flags
}

const broken = () => new Error('it is not encoded in DER')
