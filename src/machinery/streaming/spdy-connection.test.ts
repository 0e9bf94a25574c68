import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../clock.js'
import { SpdyConnection, type SpdyConnectionOptions } from './spdy-connection.js'
import { SpdyError } from './spdy-error.js'
import { encodeFrame, type SpdyFrame } from './spdy-frames.js'
import { HeaderEncoder } from './spdy-headers.js'
import type { SpdyStream } from './spdy-stream.js'

interface Pair extends AsyncDisposable {
  readonly client: SpdyConnection
  readonly server: SpdyConnection
  readonly sockets: readonly [Duplex, Duplex]
}

function pair(options: Partial<SpdyConnectionOptions> = {}, clientOptions: Partial<SpdyConnectionOptions> = {}): Pair {
  const [near, far] = duplexPair()
  const client = new SpdyConnection(near, { role: 'client', ...clientOptions })
  const server = new SpdyConnection(far, { role: 'server', accept: () => true, onStream: () => {}, ...options })
  const dispose = async () => {
    client.destroy()
    server.destroy()
    near.destroy()
    far.destroy()
    await Promise.all([client.closed, server.closed])
  }
  return { client, server, sockets: [near, far], [Symbol.asyncDispose]: dispose }
}

/** Reads to the end without destroying the stream, whose other direction may go on. */
const reading = (stream: SpdyStream): AsyncIterable<Buffer> => stream.iterator({ destroyOnReturn: false })

const pattern = (size: number, seed: number): Buffer => {
  const bytes = Buffer.allocUnsafe(size)
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8) + seed) & 0xff
  return bytes
}

test('a stream carries data both ways and is half-closed by each side', async () => {
  const seen: string[] = []
  await using connections = pair({
    onStream: async stream => {
      seen.push(`${stream.headers['streamtype']} ${await text(reading(stream))}`)
      stream.end('answer')
    },
  })
  const stream = await connections.client.createStream({ streamtype: 'data', port: '80' })
  stream.end('question')
  assert.equal(await text(stream), 'answer')
  assert.deepEqual(seen, ['data question'])
  assert.equal(stream.ending, 'finished')
  assert.ok(stream.over)
})

test('large data crosses in both directions past a slow reader', async () => {
  const size = 4 * 1024 * 1024
  const received: Buffer[] = []
  let most = 0
  const { promise: slowReaderDone, resolve } = deferred<void>()
  await using connections = pair({
    onStream: async stream => {
      stream.end(pattern(size, 2))
      for await (const chunk of reading(stream)) {
        most = Math.max(most, stream.readableLength)
        received.push(chunk)
        await turn()
      }
      resolve()
    },
  })
  const stream = await connections.client.createStream({ streamtype: 'data' })
  stream.end(pattern(size, 1))
  const answer = await buffer(reading(stream))
  await slowReaderDone
  assert.ok(answer.equals(pattern(size, 2)))
  assert.ok(Buffer.concat(received).equals(pattern(size, 1)))
  assert.ok(most < 1024 * 1024, `buffered ${most}`)
})

test('a writer waits while nobody reads', async () => {
  const accepted = deferred<SpdyStream>()
  await using connections = pair({ onStream: accepted.resolve })
  const stream = await connections.client.createStream({ streamtype: 'stdin' })
  const remote = await accepted.promise
  let written = 0
  let blocked = false
  while (!blocked && written < 64 * 1024 * 1024) {
    blocked = !stream.write(Buffer.alloc(64 * 1024))
    written += 64 * 1024
    // Everything that can move moves within some turns; a drain would come in them.
    for (let turns = 0; blocked && turns < 20; turns++) {
      await turn()
      blocked = stream.writableNeedDrain
    }
  }
  assert.ok(blocked, 'the writer was never held up')
  assert.ok(written < 4 * 1024 * 1024, `${written} bytes are buffered`)
  let read = 0
  remote.on('data', (chunk: Buffer) => {
    read += chunk.length
  })
  stream.end()
  await once(remote, 'end')
  assert.equal(read, written)
})

test('many streams share a connection', async () => {
  await using connections = pair({
    onStream: stream => {
      stream.pipe(stream)
    },
  })
  const echoes = Array.from({ length: 100 }, async (_, index) => {
    const stream = await connections.client.createStream({ streamtype: 'data', requestid: String(index) })
    stream.end(pattern(10_000 + index, index))
    assert.ok((await buffer(stream)).equals(pattern(10_000 + index, index)))
  })
  await Promise.all(echoes)
})

test('what was received before a reset can be read; what is written after is dropped', async () => {
  await using connections = pair({
    onStream: stream => {
      stream.write('last words', () => stream.destroy())
    },
  })
  const stream = await connections.client.createStream({ streamtype: 'stdout' })
  while (stream.ending === undefined) await turn()
  assert.equal(stream.ending, 'reset')
  await new Promise<void>(resolve => stream.write('into the void', () => resolve()))
  assert.equal(await text(stream), 'last words')
})

test('a stream destroyed here is reset there', async () => {
  const accepted = deferred<SpdyStream>()
  await using connections = pair({ onStream: accepted.resolve })
  const stream = await connections.client.createStream({ streamtype: 'stdout' })
  const remote = await accepted.promise
  stream.destroy()
  remote.resume()
  await once(remote, 'end')
  assert.equal(remote.ending, 'reset')
})

test('streams end as lost with the connection', async () => {
  const accepted = deferred<SpdyStream>()
  await using connections = pair({ onStream: accepted.resolve })
  const stream = await connections.client.createStream({ streamtype: 'error' })
  const remote = await accepted.promise
  await new Promise<void>(resolve => remote.write('partial', () => resolve()))
  while (stream.readableLength === 0) await turn()
  connections.sockets[1].destroy()
  connections.sockets[0].destroy()
  assert.equal(await text(stream), 'partial')
  assert.equal(stream.ending, 'lost')
  await assert.rejects(connections.client.createStream({}), SpdyError)
  await assert.rejects(connections.client.ping(), SpdyError)
})

test('a stream may be refused', async () => {
  await using connections = pair({ accept: ({ streamtype }) => streamtype === 'error' })
  await assert.rejects(connections.client.createStream({ streamtype: 'data' }), /refused/)
  await connections.client.createStream({ streamtype: 'error' })
})

test('a client refuses streams', async () => {
  await using connections = pair()
  await assert.rejects(connections.server.createStream({ streamtype: 'error' }), /refused/)
})

test('a peer that does not answer a new stream is given up on', async () => {
  const clock = new ManualClock()
  const [near, far] = duplexPair()
  far.resume()
  await using client = new SpdyConnection(near, { role: 'client', clock })
  const opening = client.createStream({ streamtype: 'error' })
  clock.advance(30_000)
  await assert.rejects(opening, /did not answer/)
})

test('pings are answered, and sent as often as asked for', async () => {
  const clock = new ManualClock()
  await using connections = pair({}, { clock, pingInterval: 5_000 })
  await connections.client.ping()
  await connections.server.ping()
  let chunks = 0
  connections.sockets[1].on('data', () => chunks++)
  for (const expected of [1, 2, 3]) {
    clock.advance(5_000)
    // Both ways, then the timer is set again.
    while (chunks < expected) await turn()
    await connections.client.ping()
    chunks--
    await turn()
  }
})

test('a peer with output on the way is not pinged', async () => {
  const clock = new ManualClock()
  const accepted = deferred<SpdyStream>()
  await using connections = pair({ onStream: accepted.resolve }, { clock, pingInterval: 5_000 })
  const stream = await connections.client.createStream({ streamtype: 'stdout' })
  const remote = await accepted.promise
  let chunks = 0
  connections.sockets[1].on('data', () => chunks++)
  /** Lets what is under way happen, and says whether there was a ping after five seconds. */
  const pinged = async (): Promise<boolean> => {
    for (let count = 0; count < 20; count++) await turn()
    clock.advance(5_000)
    for (let count = 0; count < 20; count++) await turn()
    return chunks > 0
  }
  // More than is taken in unread: some comes, then nothing does.
  remote.write(Buffer.alloc(1024 * 1024))
  assert.deepEqual([await pinged(), await pinged()], [false, false])
  // The rest comes, then it is quiet.
  stream.resume()
  assert.deepEqual([await pinged(), await pinged()], [false, true])
})

test('close lets streams end, then closes the socket', async () => {
  const accepted = deferred<SpdyStream>()
  await using connections = pair({ onStream: accepted.resolve })
  const stream = await connections.client.createStream({ streamtype: 'stdout' })
  const remote = await accepted.promise
  const closing = connections.server.close()
  await turn()
  await assert.rejects(connections.client.createStream({}), /going away/)
  remote.end('output')
  stream.end()
  assert.equal(await text(stream), 'output')
  remote.resume()
  await Promise.all([closing, connections.client.closed])
  assert.equal(stream.ending, 'finished')
})

test('garbage ends the connection', async () => {
  const [near, far] = duplexPair()
  await using client = new SpdyConnection(near, { role: 'client' })
  far.write(Buffer.alloc(64, 0xff))
  far.resume()
  await client.closed
  assert.match(client.error?.message ?? '', /version|too long/)
})

test('stream ids must be the peer’s own and rise', async () => {
  const [near, far] = duplexPair()
  const opened: number[] = []
  await using server = new SpdyConnection(far, {
    role: 'server',
    accept: () => true,
    onStream: ({ id }) => opened.push(id),
  })
  const encoder = new HeaderEncoder()
  const open = (streamId: number): SpdyFrame => ({
    type: 'syn-stream',
    streamId,
    associatedId: 0,
    priority: 0,
    fin: false,
    unidirectional: false,
    headers: { streamtype: 'data' },
  })
  for (const id of [1, 2, 5, 3, 5, 7]) near.write(encodeFrame(open(id), encoder))
  near.resume()
  while (!opened.includes(7)) await turn()
  assert.deepEqual(opened, [1, 5, 7])
  assert.equal(server.error, undefined)
})

test('window updates and settings are of no consequence', async () => {
  const [near, far] = duplexPair()
  await using server = new SpdyConnection(far, { role: 'server' })
  near.resume()
  const encoder = new HeaderEncoder()
  near.write(encodeFrame({ type: 'settings', clear: false, settings: [{ id: 7, flags: 0, value: 0 }] }, encoder))
  near.write(encodeFrame({ type: 'window-update', streamId: 0, delta: 1 }, encoder))
  near.write(encodeFrame({ type: 'ping', id: 1 }, encoder))
  const [answer] = await once(near, 'data')
  assert.deepEqual(answer, encodeFrame({ type: 'ping', id: 1 }, encoder))
  assert.equal(server.error, undefined)
})

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
