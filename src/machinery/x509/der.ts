/**
 * The part of ASN.1 DER that certificates are made of. Values are written by nesting calls; `readDer` gives the same
 * tree back. A page of code instead of a library, because starting an API server must not load one.
 */

const lengthBytes = (length: number): Buffer => {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

const element = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content])

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, Buffer.concat(parts))

/** A SET OF with its members in DER's order. */
export const set = (...parts: readonly Uint8Array[]): Buffer =>
  element(0x31, Buffer.concat([...parts].sort(Buffer.compare)))

export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0x00]))

export const nullValue = (): Buffer => element(0x05, Buffer.alloc(0))

/** A non-negative INTEGER, from a number or from big-endian bytes. */
export const integer = (value: number | Uint8Array): Buffer => {
  const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(value).toString('hex')
  const digits = hex.replace(/^0+(?=.)/, '')
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  // The top bit is the sign.
  return element(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift(0x80 | (high % 128))
    bytes.push(...groups)
  }
  return element(0x06, Buffer.from(bytes))
}

export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'))

export const octetString = (bytes: Uint8Array): Buffer => element(0x04, bytes)

/** A BIT STRING whose last `unused` bits do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer =>
  element(0x03, Buffer.concat([Buffer.from([unused]), bytes]))

/** A moment (seconds are kept) as X.509 wants it: UTCTime before 2050, GeneralizedTime from then on. */
export const time = (ms: number): Buffer => {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return new Date(ms).getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : element(0x18, Buffer.from(digits, 'latin1'))
}

/** A context-specific tag around whole elements, `[n] EXPLICIT` or an implicit constructed one. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer =>
  element(0xa0 | number, Buffer.concat(parts))

/** A context-specific tag in place of a primitive's own, `[n] IMPLICIT`. */
export const taggedPrimitive = (number: number, content: Uint8Array): Buffer => element(0x80 | number, content)

/** One element as read: its tag byte, its content, and all its bytes. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Reads the elements that `bytes` consists of, one after another; throws on bytes that are no DER. */
export const readDer = (bytes: Buffer): DerElement[] => {
  const elements: DerElement[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const tag = bytes[offset] ?? 0
    if ((tag & 0x1f) === 0x1f) throw new Error('not a certificate structure: a tag beyond one byte')
    let header = 2
    let length = bytes[offset + 1]
    if (length === undefined) throw new Error('not a certificate structure: it ends too early')
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 4) throw new Error('not a certificate structure: a length that DER does not allow')
      if (offset + 2 + size > bytes.length) throw new Error('not a certificate structure: it ends too early')
      length = bytes.readUIntBE(offset + 2, size)
      header += size
    }
    const end = offset + header + length
    if (end > bytes.length) throw new Error('not a certificate structure: it ends too early')
    elements.push({ tag, content: bytes.subarray(offset + header, end), raw: bytes.subarray(offset, end) })
    offset = end
  }
  return elements
}

/** The elements inside a constructed element, which must carry `tag`. */
export const readInside = (from: DerElement | undefined, tag: number): DerElement[] => {
  if (from?.tag !== tag) throw new Error(`not a certificate structure: expected tag 0x${tag.toString(16)}`)
  return readDer(from.content)
}

/** An OBJECT IDENTIFIER in dots. */
export const readOid = (from: DerElement | undefined): string => {
  if (from?.tag !== 0x06) throw new Error('not a certificate structure: expected an object identifier')
  const arcs: number[] = []
  let arc = 0
  for (const byte of from.content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [head = 0, ...rest] = arcs
  const first = Math.min(Math.floor(head / 40), 2)
  return [first, head - first * 40, ...rest].join('.')
}

/** Any of the text types, as a string. */
export const readText = (from: DerElement | undefined): string => {
  switch (from?.tag) {
    case 0x0c:
      return from.content.toString('utf8')
    case 0x13:
    case 0x16:
    case 0x14:
      return from.content.toString('latin1')
    case 0x1e:
      return Buffer.from(from.content).swap16().toString('utf16le')
    default:
      throw new Error('not a certificate structure: expected text')
  }
}

/** The bytes of a BIT STRING (its unused bits included). */
export const readBits = (from: DerElement | undefined): Buffer => {
  if (from?.tag !== 0x03 || from.content.length === 0) throw new Error('not a certificate structure: expected bits')
  return from.content.subarray(1)
}
