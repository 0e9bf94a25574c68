import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { SpdyError } from './spdy-error.js'

/** Names in lower case; several values of one name are joined by NUL. */
export type SpdyHeaders = { readonly [name: string]: string }

// The dictionary both sides prime their compression with: a constant published in the SPDY/3 draft, section 2.6.10.1.
// It is a run of length-prefixed words followed by plain text.
const dictionaryWords =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie ' +
  'keep-alive origin'
const dictionaryText =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

const lengthPrefixed = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8')
  const framed = Buffer.allocUnsafe(4 + bytes.length)
  framed.writeUInt32BE(bytes.length, 0)
  bytes.copy(framed, 4)
  return framed
}

/** The SPDY/3 dictionary; its Adler-32 checksum is {@link dictionaryChecksum}. */
export const spdyDictionary: Buffer = Buffer.concat([
  ...dictionaryWords.split(' ').map(word => lengthPrefixed(word.replace('_', ' '))),
  Buffer.from(dictionaryText, 'latin1'),
])
export const dictionaryChecksum = 0xe3c6a7c2

// What begins the one zlib stream of a direction: deflate with a 32 KiB window, "a dictionary follows", its checksum.
const zlibPrefix = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])

// Deflate never refers further back than this.
const windowSize = 32 * 1024
/** The largest block of headers taken in, in bytes after decompression; stream headers of Kubernetes are some 100. */
export const maxHeaderBlock = 64 * 1024

const slide = (window: Buffer, added: Buffer): Buffer => Buffer.concat([window, added]).subarray(-windowSize)

// All header blocks of a direction form one zlib stream, flushed to a byte boundary after each block. Node's zlib has no
// synchronous streams, but a raw deflate of a block with everything before it as the dictionary is the same stream.

/** Compresses the header blocks of one direction of a connection; blocks must be sent in the order they are encoded. */
export class HeaderEncoder {
  #window = spdyDictionary
  #started = false

  encode(headers: SpdyHeaders): Buffer {
    const entries = Object.entries(headers)
    const count = Buffer.allocUnsafe(4)
    count.writeUInt32BE(entries.length, 0)
    const plain = Buffer.concat([
      count,
      ...entries.flatMap(([name, value]) => [lengthPrefixed(name.toLowerCase()), lengthPrefixed(value)]),
    ])
    const block = deflateRawSync(plain, { dictionary: this.#window, finishFlush: constants.Z_SYNC_FLUSH })
    this.#window = slide(this.#window, plain)
    if (this.#started) return block
    this.#started = true
    return Buffer.concat([zlibPrefix, block])
  }
}

/** Reverses {@link HeaderEncoder} for the peer's direction. Throws SpdyError on anything malformed or oversized. */
export class HeaderDecoder {
  #window: Buffer = Buffer.alloc(0)
  #started = false

  decode(block: Buffer): SpdyHeaders {
    const compressed = this.#started ? block : this.#start(block)
    let plain: Buffer
    try {
      plain = inflateRawSync(compressed, {
        ...(this.#window.length > 0 ? { dictionary: this.#window } : {}),
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: maxHeaderBlock,
      })
    } catch (cause) {
      throw new SpdyError('header block cannot be decompressed', { cause })
    }
    this.#window = slide(this.#window, plain)
    return parseHeaders(plain)
  }

  #start(block: Buffer): Buffer {
    if (block.length < 2) throw new SpdyError('header block is truncated')
    const prefix = block.readUInt16BE(0)
    if ((prefix & 0x0f00) !== 0x0800 || prefix % 31 !== 0) throw new SpdyError('header block is not a zlib stream')
    this.#started = true
    if ((prefix & 0x20) === 0) return block.subarray(2)
    if (block.length < 6) throw new SpdyError('header block is truncated')
    if (block.readUInt32BE(2) !== dictionaryChecksum) throw new SpdyError('header block uses an unknown dictionary')
    this.#window = spdyDictionary
    return block.subarray(6)
  }
}

function parseHeaders(plain: Buffer): SpdyHeaders {
  let offset = 0
  const uint32 = (): number => {
    if (plain.length - offset < 4) throw new SpdyError('header block is truncated')
    offset += 4
    return plain.readUInt32BE(offset - 4)
  }
  const text = (): string => {
    const length = uint32()
    if (plain.length - offset < length) throw new SpdyError('header block is truncated')
    offset += length
    return plain.toString('utf8', offset - length, offset)
  }
  // Without a prototype no header name can mean anything but itself.
  const headers: { [name: string]: string } = Object.create(null)
  for (let left = uint32(); left > 0; left--) {
    const name = text()
    if (name === '' || name !== name.toLowerCase()) throw new SpdyError(`header name "${name}" is not in lower case`)
    if (name in headers) throw new SpdyError(`header "${name}" is given twice`)
    headers[name] = text()
  }
  if (offset !== plain.length) throw new SpdyError('header block has bytes after its last header')
  return headers
}
