// As much of HTTP/2 as a load generator needs, straight on TLS: a client that costs less than what it measures. Status
// and headers of answers are not decoded; what a watch sends shows whether it was let in.
import { connect } from 'node:tls'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const DATA = 0
const HEADERS = 1
const RESET = 3
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const WINDOW = 8
const endStream = 1
const acknowledges = 1
const endHeaders = 4
const largest = 2 ** 31 - 1
const initialWindow = 65_535
/** What a server takes on one connection. */
const mostStreams = 100
/** Room for what is read: more than a frame, which has 16 KB at most where nothing else was agreed on, and a read. */
const inputBytes = 64 * 1024
/** Read at a time: a record of TLS. */
const readBytes = 16 * 1024

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function number(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A string literal of HPACK, not compressed. */
function literal(text) {
  const bytes = Buffer.from(text)
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128)
  length.push(rest)
  return Buffer.concat([Buffer.from(length), bytes])
}

/** Header fields that nobody is to remember. */
const headerBlock = headers =>
  Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(String(value))]),
  )

/**
 * Opens a connection. `request(headers, body, onData, onEnd)` begins a request: `onData(bytes, from, to)` gets each piece
 * of the answer's body, valid during the call only. `onFault` hears of what breaks.
 */
export async function openConnection({ host = '127.0.0.1', port, onFault }) {
  // What is read goes behind what is left of the last frame: nothing is allocated, and little is copied.
  const input = Buffer.alloc(inputBytes)
  let filled = 0
  const streams = new Map()
  const waiting = []
  let next = 1
  let consumed = 0

  const end = id => {
    const stream = streams.get(id)
    streams.delete(id)
    stream?.onEnd?.()
    waiting.shift()?.()
  }
  const handle = (type, flags, id, from, to) => {
    switch (type) {
      case DATA:
        consumed += to - from
        if (consumed > 2 ** 29) {
          socket.write(frame(WINDOW, 0, 0, number(consumed)))
          consumed = 0
        }
        if (to > from) streams.get(id)?.onData(input, from, to)
        if (flags & endStream) end(id)
        break
      case HEADERS:
        if (flags & endStream) end(id)
        break
      case RESET:
        onFault(new Error(`stream ${id} was reset: code ${input.readUInt32BE(from)}`))
        end(id)
        break
      case GOAWAY:
        onFault(new Error('the server closes the connection'))
        break
      case SETTINGS:
        if (!(flags & acknowledges)) socket.write(frame(SETTINGS, acknowledges, 0, Buffer.alloc(0)))
        break
      case PING:
        if (!(flags & acknowledges)) socket.write(frame(PING, acknowledges, 0, input.subarray(from, to)))
        break
    }
  }
  const read = () => {
    let at = 0
    while (filled - at >= 9) {
      const length = input.readUIntBE(at, 3)
      const end = at + 9 + length
      if (end > filled) break
      handle(input[at + 3], input[at + 4], input.readUInt32BE(at + 5), at + 9, end)
      at = end
    }
    if (at > 0) input.copyWithin(0, at, filled)
    filled -= at
  }
  const socket = connect({
    ...{ host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false },
    onread: {
      buffer: () => input.subarray(filled, filled + readBytes),
      callback(count) {
        filled += count
        read()
        return true
      },
    },
  })
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', onFault)
  socket.setNoDelay(true)
  const settings = Buffer.alloc(6)
  // The initial window of streams.
  settings.writeUInt16BE(4, 0)
  settings.writeUInt32BE(largest, 2)
  socket.write(Buffer.concat([preface, frame(SETTINGS, 0, 0, settings)]))
  socket.write(frame(WINDOW, 0, 0, number(largest - initialWindow)))

  const begin = (headers, body, onData, onEnd) => {
    const id = next
    next += 2
    streams.set(id, { onData, onEnd })
    const block = headerBlock({ ':scheme': 'https', ':authority': `${host}:${port}`, ...headers })
    const head = frame(HEADERS, endHeaders | (body ? 0 : endStream), id, block)
    socket.write(body ? Buffer.concat([head, frame(DATA, endStream, id, body)]) : head)
  }
  return {
    request(...what) {
      if (streams.size < mostStreams) begin(...what)
      else waiting.push(() => begin(...what))
    },
    close: () => socket.destroy(),
  }
}
