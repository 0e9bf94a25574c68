import { encodeName, maxPointer, readName, skipName, unescapeLabel } from './names.js'
import { type Edns, headerFlags, headerSize, type Query, type Question, records } from './read-message.js'
import { type DnsRecord, internetClass, recordTypes } from './records.js'

/** The largest UDP answer, in bytes, that no network has to cut in pieces. */
export const maxUdpSize = 1232
/** What a client takes that does not say. */
const plainUdpSize = 512

export interface Response {
  /** Of `responseCodes`. */
  readonly code: number
  readonly authoritative?: boolean
  readonly answers?: readonly DnsRecord[]
  readonly authorities?: readonly DnsRecord[]
  readonly additionals?: readonly DnsRecord[]
}

/** A question as a client writes it. Throws a `MalformedMessage` if the name is none. */
export function encodeQuery(id: number, flags: number, wireQuestion: Buffer, edns: Edns | undefined): Buffer {
  const header = Buffer.alloc(headerSize)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(flags, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(edns ? 1 : 0, 10)
  return Buffer.concat([header, wireQuestion, ...(edns ? [optRecord(edns, 0)] : [])])
}

export function encodeQuestion({ name, type, class: klass }: Question): Buffer {
  const tail = Buffer.alloc(4)
  tail.writeUInt16BE(type, 0)
  tail.writeUInt16BE(klass, 2)
  return Buffer.concat([encodeName(name), tail])
}

function optRecord({ udpSize, dnssecOk }: Pick<Edns, 'udpSize' | 'dnssecOk'>, code: number): Buffer {
  const record = Buffer.alloc(11)
  record.writeUInt16BE(recordTypes.OPT, 1)
  record.writeUInt16BE(udpSize, 3)
  record[5] = code >> 4
  record.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7)
  return record
}

/** The most bytes that an answer to this query may have. */
export const sizeLimit = ({ edns }: Pick<Query, 'edns'>, transport: 'udp' | 'tcp'): number =>
  transport === 'tcp' ? 0xffff : Math.min(Math.max(edns?.udpSize ?? plainUdpSize, plainUdpSize), maxUdpSize)

/** An answer that says nothing but a code, to what could not be read as a query. */
export function encodeRefusal({ id, flags, code }: { id: number; flags: number; code: number }): Buffer {
  const header = Buffer.alloc(headerSize)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(headerFlags.response | (flags & 0x7900) | code, 2)
  return header
}

/**
 * Writes an answer of `limit` bytes at most: additional records are left out if there is no room for all; if there is
 * not even room for the others it says so, and the client asks again by TCP.
 */
export function encodeResponse(query: Query, response: Response, limit: number): Buffer {
  const { code, authoritative = false, answers = [], authorities = [], additionals = [] } = response
  const opt = query.edns ? optRecord({ udpSize: maxUdpSize, dnssecOk: query.edns.dnssecOk }, code) : Buffer.alloc(0)
  const writer = new Writer(query.wireQuestion, limit - opt.length)
  const counts = [writer.add(answers), 0, 0]
  const complete = counts[0] === answers.length && (counts[1] = writer.add(authorities)) === authorities.length
  if (complete) counts[2] = writer.addAll(additionals) ? additionals.length : 0
  const header = Buffer.alloc(headerSize)
  header.writeUInt16BE(query.id, 0)
  header.writeUInt16BE(
    headerFlags.response |
      (query.flags & (headerFlags.recursionDesired | headerFlags.checkingDisabled)) |
      headerFlags.recursionAvailable |
      (authoritative ? headerFlags.authoritative : 0) |
      (complete ? 0 : headerFlags.truncated) |
      (code & 15),
    2,
  )
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(counts[0] ?? 0, 6)
  header.writeUInt16BE(counts[1] ?? 0, 8)
  header.writeUInt16BE((counts[2] ?? 0) + (opt.length ? 1 : 0), 10)
  return Buffer.concat([header, ...writer.parts, opt])
}

/** Writes records after each other, replacing ends of names that were written before by pointers to them. */
class Writer {
  readonly parts: Buffer[]
  #size: number
  readonly #known = new Map<string, number>()

  constructor(
    wireQuestion: Buffer,
    private readonly limit: number,
  ) {
    this.parts = [wireQuestion]
    this.#size = headerSize + wireQuestion.length
    // Answers point at the question, and so repeat the letters the client chose.
    this.#note(readName(Buffer.concat([Buffer.alloc(headerSize), wireQuestion]), headerSize).toLowerCase(), headerSize)
  }

  /** Adds records until there is no room, and answers how many there was room for. */
  add(added: readonly DnsRecord[]): number {
    let count = 0
    for (const record of added) {
      const bytes = this.#encode(record)
      if (this.#size + bytes.length > this.limit) break
      this.#take(record, bytes)
      count++
    }
    return count
  }

  /** Adds all records or none. */
  addAll(added: readonly DnsRecord[]): boolean {
    const [parts, size] = [this.parts.length, this.#size]
    if (this.add(added) === added.length) return true
    this.parts.length = parts
    this.#size = size
    return false
  }

  #take({ name }: DnsRecord, bytes: Buffer): void {
    if (!this.#known.has(name)) this.#note(name, this.#size)
    this.parts.push(bytes)
    this.#size += bytes.length
  }

  #encode({ name, type, ttl, data }: DnsRecord): Buffer {
    const owner = this.#name(name)
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(type, 0)
    fixed.writeUInt16BE(internetClass, 2)
    fixed.writeUInt32BE(ttl, 4)
    fixed.writeUInt16BE(data.length, 8)
    return Buffer.concat([owner, fixed, data])
  }

  #name(name: string): Buffer {
    let head = ''
    let rest = name
    while (rest) {
      const at = this.#known.get(rest)
      if (at !== undefined) {
        const pointer = Buffer.alloc(2)
        pointer.writeUInt16BE(0xc000 | at)
        return Buffer.concat([head ? encodeName(head).subarray(0, -1) : Buffer.alloc(0), pointer])
      }
      const dot = rest.indexOf('.')
      const label = dot < 0 ? rest : rest.slice(0, dot)
      head = head ? `${head}.${label}` : label
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    return encodeName(name)
  }

  /** Remembers where a name and the names it ends with are. */
  #note(name: string, start: number): void {
    let at = start
    for (let rest = name; rest && at <= maxPointer; ) {
      if (this.#known.has(rest)) return
      this.#known.set(rest, at)
      const dot = rest.indexOf('.')
      const label = dot < 0 ? rest : rest.slice(0, dot)
      at += unescapeLabel(label).length + 1
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
  }
}

/**
 * Another server's answer, cut to `limit` bytes at most: as many records of its answer section as there is room for,
 * and a mark that there are more. Throws a `MalformedMessage`.
 */
export function fitResponse(message: Buffer, limit: number): Buffer {
  if (message.length <= limit) return message
  const places = records(message)
  const opt = places.find(({ type }) => type === recordTypes.OPT)
  const tail = opt ? message.subarray(opt.start, opt.end) : Buffer.alloc(0)
  const answers = places.filter(({ section, end }) => section === 'answer' && end + tail.length <= limit)
  const end = answers.at(-1)?.end ?? skipName(message, headerSize) + 4
  const fitted = Buffer.concat([message.subarray(0, end), tail])
  fitted.writeUInt16BE(fitted.readUInt16BE(2) | headerFlags.truncated, 2)
  fitted.writeUInt16BE(answers.length, 6)
  fitted.writeUInt16BE(0, 8)
  fitted.writeUInt16BE(opt ? 1 : 0, 10)
  return fitted
}
