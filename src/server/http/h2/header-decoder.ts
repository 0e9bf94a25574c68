import { decodeHuffman } from './huffman.js'
import { ConnectionFault, defaultTableSize, errorCode } from './protocol.js'
import { type HeaderField, sizeOfField, staticTable } from './static-table.js'

/** The headers of a block. */
export interface HeaderList {
  readonly fields: readonly HeaderField[]
  /** There were more than the decoder wants to know; what is beyond is left out. */
  readonly tooLarge: boolean
}

/** Integers above that are nonsense, and are not read to their end. */
const mostBits = 28

/**
 * Decodes header blocks, in the order they come: https://www.rfc-editor.org/rfc/rfc7541. Its table holds 4096 bytes, as is
 * the default.
 */
export class HeaderDecoder {
  /** The newest is the last. */
  #table: HeaderField[] = []
  #tableSize = 0
  #tableLimit = defaultTableSize
  #block: Buffer = Buffer.alloc(0)
  #at = 0

  /** `maximumSize`: of a list, in bytes, counted as a table counts them. */
  constructor(private readonly maximumSize: number) {}

  /** Throws a `ConnectionFault` for a block that is not well formed: the tables of both sides differ from then on. */
  decode(block: Buffer): HeaderList {
    this.#block = block
    this.#at = 0
    const fields: HeaderField[] = []
    let size = 0
    let mayResize = true
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw broken('the size of its table changes within a block')
        this.#resize(this.#integer(5))
        continue
      }
      mayResize = false
      const field = this.#field(first)
      size += sizeOfField(field)
      if (size <= this.maximumSize) fields.push(field)
    }
    return { fields, tooLarge: size > this.maximumSize }
  }

  #field(first: number): HeaderField {
    if ((first & 0x80) !== 0) return this.#indexed(this.#integer(7))
    const keep = (first & 0x40) !== 0
    const index = this.#integer(keep ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#indexed(index).name
    const field = { name, value: this.#string() }
    if (keep) this.#add(field)
    return field
  }

  #indexed(index: number): HeaderField {
    const field =
      index < staticTable.length
        ? staticTable[index]
        : this.#table[this.#table.length - 1 - (index - staticTable.length)]
    if (index === 0 || !field) throw broken(`there is no header with the index ${index}`)
    return field
  }

  #add(field: HeaderField): void {
    this.#tableSize += sizeOfField(field)
    this.#table.push(field)
    this.#evict()
  }

  #resize(limit: number): void {
    if (limit > defaultTableSize) throw broken('its table is larger than it may be')
    this.#tableLimit = limit
    this.#evict()
  }

  #evict(): void {
    let count = 0
    for (const field of this.#table) {
      if (this.#tableSize <= this.#tableLimit) break
      this.#tableSize -= sizeOfField(field)
      count++
    }
    if (count > 0) this.#table.splice(0, count)
  }

  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let shift = 0; shift < mostBits; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken('an integer is too large')
  }

  #string(): string {
    const compressed = ((this.#block[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const begin = this.#at
    const end = begin + length
    if (end > this.#block.length) throw broken('a string is longer than its block')
    this.#at = end
    const text = compressed ? decodeHuffman(this.#block, begin, end) : this.#block.toString('latin1', begin, end)
    if (text === undefined) throw broken('a string is not well compressed')
    return text
  }

  #byte(): number {
    const byte = this.#block[this.#at++]
    if (byte === undefined) throw broken('it ends too early')
    return byte
  }
}

const broken = (what: string) => new ConnectionFault(errorCode.compression, `a header block is broken: ${what}`)
