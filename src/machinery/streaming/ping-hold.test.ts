import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { PingHold } from './ping-hold.js'
import { encodeFrame, FrameParser, type SpdyFrame } from './spdy-frames.js'
import { HeaderEncoder } from './spdy-headers.js'
import { handleProxyUpgrade, pipeSockets } from './upgrade-proxy.js'

const encode = (frame: SpdyFrame): Buffer => encodeFrame(frame, new HeaderEncoder())
const ping = (id: number): SpdyFrame => ({ type: 'ping', id })
const data = (text: string): SpdyFrame => ({ type: 'data', streamId: 1, fin: false, data: Buffer.from(text) })

/** As many turns of the event loop as anything here takes that happens at all. */
async function settle(): Promise<void> {
  for (let count = 0; count < 20; count++) await turn()
}

/** Collects what can be read. */
function collect(stream: Duplex): { bytes(): Buffer } {
  const chunks: Buffer[] = []
  stream.on('data', chunk => chunks.push(chunk))
  return { bytes: () => Buffer.concat(chunks) }
}

test('a ping waits until the output before it has been fetched; what is typed does not', async () => {
  const [client, near] = duplexPair()
  const [far, backend] = duplexPair()
  const piping = pipeSockets(near, far, { spdy: true })
  const seen = collect(backend)
  const output = Buffer.alloc(256 * 1024, 'x')
  backend.write(output)
  client.write(Buffer.concat([ping(1), data('^C'), ping(3)].map(encode)))
  await settle()
  assert.deepEqual(seen.bytes(), encode(data('^C')))
  const received = collect(client)
  await settle()
  assert.equal(received.bytes().length, output.length)
  assert.deepEqual(seen.bytes(), Buffer.concat([data('^C'), ping(1), ping(3)].map(encode)))
  backend.end()
  client.end()
  await piping
})

test('a runtime that closes after its last output loses none of it to a ping', async t => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  const runtime = createServer(async socket => {
    socket.on('error', () => {})
    await once(socket, 'data')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n')
    // As much as the kernel takes at once; it is closed before any of it has been read.
    for (; socket.writableLength === 0 && sent < 2 * 1024 * 1024; sent += chunk.length) socket.write(chunk)
    if (socket.writableLength > 0) sent -= chunk.length
    socket.destroy()
  }).listen(0, '127.0.0.1')
  t.after(() => runtime.close())
  await once(runtime, 'listening')
  const connection = once(runtime, 'connection') as Promise<[Socket]>
  const [client, near] = duplexPair()
  const request = { method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' } }
  const { port } = runtime.address() as AddressInfo
  const upgrade = { socket: near, head: Buffer.alloc(0), request }
  const proxying = handleProxyUpgrade(upgrade, { url: new URL(`http://127.0.0.1:${port}`) })
  const [socket] = await connection
  await once(socket, 'close')
  await once(client, 'readable')
  client.write(encode(ping(1)))
  await settle()
  const received = collect(client)
  await once(client, 'end')
  client.end()
  await proxying
  const output = received.bytes()
  assert.ok(output.length - output.indexOf('\r\n\r\n') - 4 >= sent, `${output.length} of ${sent} bytes`)
})

for (const size of [1, 5, 8, 11, 12, 13, 30, 1000]) {
  test(`frames that come in pieces of ${size} bytes stay whole`, async () => {
    const [client, near] = duplexPair()
    const [far, backend] = duplexPair()
    const piping = pipeSockets(near, far, { spdy: true })
    const seen = collect(backend)
    const open: SpdyFrame = {
      type: 'syn-stream',
      streamId: 1,
      associatedId: 0,
      priority: 0,
      fin: false,
      unidirectional: false,
      headers: { streamtype: 'stdin' },
    }
    const frames = [ping(1), open, ping(3), data('hello'), ping(5), ping(7), data('x'.repeat(100)), ping(9)]
    const bytes = Buffer.concat(frames.map(encode))
    for (let at = 0; at < bytes.length; at += size) {
      client.write(bytes.subarray(at, at + size))
      await turn()
      await turn()
    }
    await settle()
    const parsed = [...new FrameParser().parse(seen.bytes())]
    const pings = parsed.flatMap(frame => (frame.type === 'ping' ? frame.id : []))
    assert.deepEqual(pings, [1, 3, 5, 7, 9])
    const others = (list: readonly SpdyFrame[]) => Buffer.concat(list.filter(({ type }) => type !== 'ping').map(encode))
    assert.deepEqual(others(parsed), others(frames))
    backend.end()
    client.resume().end()
    await piping
  })
}

test('no more pings are held than anybody needs', () => {
  const [far] = duplexPair()
  const hold = new PingHold(far)
  far.pause()
  const passed = hold.sift(Buffer.concat(Array.from({ length: 20 }, (_, index) => encode(ping(index * 2 + 1)))))
  assert.deepEqual(Buffer.concat(passed), Buffer.concat([33, 35, 37, 39].map(id => encode(ping(id)))))
})
