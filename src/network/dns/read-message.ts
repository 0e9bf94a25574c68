import { encodeName, isCompressed, MalformedMessage, readName, skipName } from './names.js'
import { type DnsRecord, recordTypes, responseCodes } from './records.js'

export interface Question {
  /** In lower case, without the last dot; bytes that are no part of ordinary names as `\DDD`. */
  readonly name: string
  readonly type: number
  readonly class: number
}

export interface Edns {
  readonly udpSize: number
  readonly version: number
  /** The client wants DNSSEC records. */
  readonly dnssecOk: boolean
}

export interface Query {
  readonly id: number
  /** As in the header: what is to be asked for (RD, AD, CD). */
  readonly flags: number
  readonly question: Question
  /** The question as it came, in the letters the client chose. */
  readonly wireQuestion: Buffer
  readonly edns: Edns | undefined
}

/** Bits of the header's second word. */
export const headerFlags = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const

export const headerSize = 12

export type Parsed =
  | { readonly query: Query }
  /** Nothing that deserves an answer: cut off, or itself an answer. */
  | { readonly ignore: true }
  /** To be answered with this code and no more. */
  | { readonly refuse: number; readonly id: number; readonly flags: number }

/** Reads what a client sent. Never throws, whatever it is. */
export function parseQuery(message: Buffer): Parsed {
  if (message.length < headerSize) return { ignore: true }
  const id = message.readUInt16BE(0)
  const flags = message.readUInt16BE(2)
  if (flags & headerFlags.response) return { ignore: true }
  if ((flags >> 11) & 15) return { refuse: responseCodes.NOTIMP, id, flags }
  try {
    if (message.readUInt16BE(4) !== 1) throw new MalformedMessage('not one question')
    const end = skipName(message, headerSize)
    if (message.length < end + 4) throw new MalformedMessage('cut off')
    const question: Question = {
      name: readName(message, headerSize).toLowerCase(),
      type: message.readUInt16BE(end),
      class: message.readUInt16BE(end + 2),
    }
    const wireQuestion = message.subarray(headerSize, end + 4)
    // A pointer would point at the header.
    if (isCompressed(message, headerSize)) throw new MalformedMessage('compressed question')
    return { query: { id, flags, question, wireQuestion, edns: ednsOf(message) } }
  } catch (error) {
    if (error instanceof MalformedMessage) return { refuse: responseCodes.FORMERR, id, flags }
    throw error
  }
}

function ednsOf(message: Buffer): Edns | undefined {
  const options = records(message).filter(({ type }) => type === recordTypes.OPT)
  const [option] = options
  if (options.length > 1) throw new MalformedMessage('several OPT records')
  if (!option) return undefined
  const { start, nameEnd } = option
  if (nameEnd !== start + 1) throw new MalformedMessage('an OPT record with a name')
  return {
    udpSize: message.readUInt16BE(nameEnd + 2),
    version: message[nameEnd + 5] ?? 0,
    dnssecOk: (message.readUInt16BE(nameEnd + 6) & 0x8000) !== 0,
  }
}

/** Where a record is in a message. */
export interface RecordPlace {
  readonly section: 'answer' | 'authority' | 'additional'
  readonly start: number
  readonly nameEnd: number
  readonly type: number
  readonly ttl: number
  readonly dataStart: number
  readonly end: number
}

/** All records of a message. Throws a `MalformedMessage`. */
export function records(message: Buffer): RecordPlace[] {
  if (message.length < headerSize) throw new MalformedMessage('cut off')
  let at = headerSize
  for (let left = message.readUInt16BE(4); left > 0; left--) at = skipName(message, at) + 4
  const found: RecordPlace[] = []
  for (const [section, count] of [
    ['answer', message.readUInt16BE(6)],
    ['authority', message.readUInt16BE(8)],
    ['additional', message.readUInt16BE(10)],
  ] as const)
    for (let left = count; left > 0; left--) {
      const nameEnd = skipName(message, at)
      const dataStart = nameEnd + 10
      if (dataStart > message.length) throw new MalformedMessage('cut off')
      const end = dataStart + message.readUInt16BE(nameEnd + 8)
      if (end > message.length) throw new MalformedMessage('cut off')
      const ttl = message.readUInt32BE(nameEnd + 4)
      found.push({ section, start: at, nameEnd, type: message.readUInt16BE(nameEnd), ttl, dataStart, end })
      at = end
    }
  return found
}

/** Types whose data begins with so many bytes and so many names, which may come compressed. */
const namesInData: { readonly [type: number]: readonly [bytes: number, names: number] } = {
  [recordTypes.NS]: [0, 1],
  [recordTypes.CNAME]: [0, 1],
  [recordTypes.SOA]: [0, 2],
  [recordTypes.PTR]: [0, 1],
  15: [2, 1],
  [recordTypes.SRV]: [6, 1],
  39: [0, 1],
}

/** The records of a message's answer section. Throws a `MalformedMessage`. */
export function answersOf(message: Buffer): DnsRecord[] {
  return records(message)
    .filter(({ section }) => section === 'answer')
    .map(({ start, type, ttl, dataStart, end }) => {
      const [bytes, names] = namesInData[type] ?? [0, 0]
      let at = dataStart + bytes
      const parts: Buffer[] = [message.subarray(dataStart, at)]
      for (let left = names; left > 0; left--) {
        parts.push(encodeName(readName(message, at)))
        at = skipName(message, at)
      }
      if (at > end) throw new MalformedMessage('a name beyond its record')
      const data = Buffer.concat([...parts, message.subarray(at, end)])
      return { name: readName(message, start).toLowerCase(), type, ttl, data }
    })
}
