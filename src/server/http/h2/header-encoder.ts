import { defaultTableSize } from './protocol.js'
import { sizeOfField, staticNames, staticTable } from './static-table.js'

/** Headers whose values come again and again: they are put into the client's table. */
const recurring = new Set([
  ...['cache-control', 'content-encoding', 'content-type', 'vary', 'x-content-type-options'],
  ...['x-kubernetes-pf-flowschema-uid', 'x-kubernetes-pf-prioritylevel-uid'],
])

/** Belong to a connection of HTTP/1.1; what is passed on from one may bring them. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

const statuses: ReadonlyMap<number, number> = new Map(
  staticTable.flatMap(({ name, value }, index) => (name === ':status' ? [[Number(value), index]] : [])),
)

/** Blocks are made here, one at a time. */
let block = Buffer.allocUnsafe(4096)
let end = 0

/**
 * Encodes the headers of answers for one connection, in the order they are sent. It fills the client's table while there is
 * room and throws nothing out, so that an entry keeps its place. It does not compress strings: that costs more than it saves.
 */
export class HeaderEncoder {
  /** By name and value, the how-manieth entry of the table that is. */
  readonly #entries = new Map<string, Map<string, number>>()
  #count = 0
  #size = 0
  #limit = defaultTableSize
  #resized = false

  /** What the client's table may hold at most, in bytes; called as often as the client changes its mind. */
  set tableSize(size: number) {
    const limit = Math.min(size, defaultTableSize)
    if (limit === this.#limit) return
    this.#limit = limit
    this.#resized = true
  }

  /**
   * The header block of an answer, with its date, and its length where it is known. The bytes are valid until the next
   * call, for whatever connection.
   */
  encode(status: number, headers: { readonly [name: string]: string | readonly string[] }, length?: number): Buffer {
    end = 0
    if (this.#resized) this.#resize()
    const known = statuses.get(status)
    if (known !== undefined) writeInteger(0x80, 7, known)
    else {
      writeInteger(0, 4, staticNames.get(':status') ?? 0)
      writeString(String(status))
    }
    let dated = false
    for (const name in headers) {
      const value = headers[name]
      if (name === 'date') dated = true
      if (typeof value === 'string') this.#field(name, value)
      else if (value !== undefined) for (const one of value) this.#field(name, one)
    }
    if (!dated) writeLiteral(0, 4, 'date', httpDate(Date.now()))
    if (length !== undefined) writeLiteral(0, 4, 'content-length', String(length))
    return block.subarray(0, end)
  }

  /** What is in the table is forgotten on both sides. */
  #resize(): void {
    this.#resized = false
    this.#entries.clear()
    this.#count = this.#size = 0
    writeInteger(0x20, 5, 0)
    writeInteger(0x20, 5, this.#limit)
  }

  #field(name: string, value: string): void {
    if (ofConnection.has(name)) return
    const entry = recurring.has(name) ? this.#entryOf(name, value) : undefined
    if (entry === undefined) writeLiteral(0, 4, name, value)
    else if (entry === this.#count) {
      writeLiteral(0x40, 6, name, value)
      this.#count++
    } else writeInteger(0x80, 7, staticTable.length + this.#count - 1 - entry)
  }

  /** Where a header is in the table; the next place if it is about to come in, undefined if there is no room for it. */
  #entryOf(name: string, value: string): number | undefined {
    let values = this.#entries.get(name)
    const entry = values?.get(value)
    if (entry !== undefined) return entry
    const size = sizeOfField({ name, value })
    if (this.#size + size > this.#limit) return undefined
    if (!values) this.#entries.set(name, (values = new Map()))
    values.set(value, this.#count)
    this.#size += size
    return this.#count
  }
}

let date = ''
let dateSecond = -1

function httpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    date = new Date(nowMs).toUTCString()
  }
  return date
}

function writeLiteral(form: number, prefixBits: number, name: string, value: string): void {
  const index = staticNames.get(name)
  writeInteger(form, prefixBits, index ?? 0)
  if (index === undefined) writeString(name.toLowerCase())
  writeString(value)
}

function writeInteger(form: number, prefixBits: number, value: number): void {
  reserve(8)
  const most = (1 << prefixBits) - 1
  if (value < most) {
    block[end++] = form | value
    return
  }
  block[end++] = form | most
  let rest = value - most
  for (; rest >= 0x80; rest >>>= 7) block[end++] = rest | 0x80
  block[end++] = rest
}

/** One character a byte, as everywhere in headers. */
function writeString(text: string): void {
  const { length } = text
  writeInteger(0, 7, length)
  reserve(length)
  // Nearly all are so short that calling something else would take longer.
  for (let i = 0; i < length; i++) block[end++] = text.charCodeAt(i)
}

function reserve(size: number): void {
  if (end + size <= block.length) return
  const larger = Buffer.allocUnsafe(Math.max(block.length * 2, end + size))
  block.copy(larger, 0, 0, end)
  block = larger
}
