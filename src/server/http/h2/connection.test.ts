import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { ApiResponse, ByteFeed } from '../../../machinery/http.js'
import { readBody } from '../read-body.js'
import { errorCode, flag, frameType, preface, setting } from './protocol.js'
import { frame, headerBlock, number, requestBlock, type Seen, settings, TestClient, turn } from './test-client.js'

const { data, headers, continuation, windowUpdate, reset, ping, goaway, priority, pushPromise } = frameType
const whole = flag.endHeaders | flag.endStream

const get = (stream: number, path = '/') => frame(headers, whole, stream, requestBlock({ path }))
const post = (stream: number, ...more: readonly (readonly [string, string])[]) =>
  frame(headers, flag.endHeaders, stream, requestBlock({ method: 'POST' }, more))
const bytes = (...chunks: readonly (string | Uint8Array)[]): ApiResponse => ({
  status: 200,
  headers: {},
  body: { kind: 'bytes', chunks: chunks.map(chunk => Buffer.from(chunk)) },
})
const stream = (chunks: AsyncIterable<Uint8Array> | ByteFeed): ApiResponse => ({
  status: 200,
  headers: {},
  body: { kind: 'stream', chunks },
})
const dataOf = (seen: readonly Seen[], id: number) =>
  Buffer.concat(seen.filter(({ type, stream }) => type === data && stream === id).map(({ payload }) => payload))

/** A request that has come. */
async function request(client: TestClient, index = 0) {
  for (let turns = 0; turns < 100 && client.requests.length <= index; turns++) await turn()
  const found = client.requests[index]
  assert.ok(found, 'no request has come')
  return found
}

describe('an HTTP/2 connection', () => {
  it('introduces itself', async () => {
    const client = TestClient.silent()
    const { payload } = await client.next(frameType.settings)
    assert.equal(payload.toString('hex'), '000500040000' + '000300000064' + '000600100000' + '000400040000')
    assert.equal((await client.next(windowUpdate)).payload.readUInt32BE(), 100 * 256 * 1024 - 65_535)
  })

  it('answers', async () => {
    const client = await TestClient.open()
    client.send(get(1, '/a?b'))
    const asked = await request(client)
    assert.equal(asked.head.path, '/a?b')
    assert.equal(asked.body, undefined)
    asked.respond({ ...bytes('hello'), headers: { 'content-type': 'text/plain' } }, true)
    const { date, ...others } = await client.headers(1)
    assert.ok(Date.parse(date ?? '') > 0)
    assert.deepEqual(others, { ':status': '200', 'content-type': 'text/plain', 'content-length': '5' })
    const { payload, flags } = await client.next(data)
    assert.deepEqual([payload.toString(), flags], ['hello', flag.endStream])
    assert.equal(asked.closed, true)
  })

  it('answers without a body', async () => {
    const client = await TestClient.open()
    client.send(get(1), get(3))
    const head = await request(client, 1)
    ;(await request(client)).respond({ status: 204, headers: {}, body: { kind: 'none' } }, true)
    head.respond(bytes('left out'), false)
    assert.equal((await client.next(headers)).flags, whole)
    assert.equal((await client.next(headers)).flags, whole)
    assert.deepEqual(client.seen, [])
  })

  it('takes headers in pieces', async () => {
    const client = await TestClient.open()
    const block = requestBlock({ path: '/long' })
    client.send(
      frame(headers, flag.endStream, 1, block.subarray(0, 5)),
      frame(continuation, 0, 1, block.subarray(5, 9)),
    )
    client.send(frame(continuation, flag.endHeaders, 1, block.subarray(9)))
    const asked = await request(client)
    assert.deepEqual([asked.head.path, asked.remoteEnded], ['/long', true])
  })

  it('reads bodies, with padding and trailers', async () => {
    const client = await TestClient.open()
    client.send(post(1, ['content-length', '6']), frame(data, flag.padded, 1, [2, 97, 98, 99, 0, 0]))
    const { body } = await request(client)
    assert.ok(body)
    const read = readBody(body, 100)
    client.send(frame(data, 0, 1, Buffer.from('def')), frame(headers, whole, 1, headerBlock([['checksum', 'x']])))
    assert.equal((await read).toString(), 'abcdef')
  })

  it('lets clients send more as bodies are read', async () => {
    const client = await TestClient.open({ streamWindow: 100_000, concurrentStreams: 2 })
    client.send(post(1), frame(data, 0, 1, Buffer.alloc(50_000)), frame(data, 0, 1, Buffer.alloc(50_000)))
    const asked = await request(client)
    // Some is taken in advance.
    const before = client.seen.length
    assert.ok(asked.body)
    const chunk = once(asked.body, 'data')
    await chunk
    const { payload } = await client.next(windowUpdate, ({ stream }) => stream === 1)
    assert.ok(payload.readUInt32BE() >= 50_000)
    assert.ok(before <= 1)
  })

  it('stays within the windows of the client', async () => {
    const client = await TestClient.open({}, { [setting.initialWindowSize]: 10 })
    client.send(get(1))
    ;(await request(client)).respond(bytes('0123456789', 'abcdef', 'x'), true)
    await turn()
    assert.equal(dataOf(client.seen, 1).toString(), '0123456789')
    client.send(frame(windowUpdate, 0, 1, number(3)))
    await turn()
    await turn()
    assert.equal(dataOf(client.seen, 1).toString(), '0123456789abc')
    // Less than nothing, then more.
    client.send(settings({ [setting.initialWindowSize]: 0 }), frame(windowUpdate, 0, 1, number(10)))
    await turn()
    await turn()
    assert.equal(dataOf(client.seen, 1).length, 13)
    client.send(settings({ [setting.initialWindowSize]: 100 }))
    await client.next(data, ({ flags }) => flags === flag.endStream)
  })

  it('shares the window of the connection', async () => {
    const client = await TestClient.open({}, { [setting.initialWindowSize]: 1 << 20 })
    client.send(get(1), get(3), get(5))
    const big = Buffer.alloc(50_000, 'a')
    for (let i = 0; i < 3; i++) (await request(client, i)).respond(i < 2 ? bytes(big) : bytes(), true)
    for (let i = 0; i < 10; i++) await turn()
    const sent = [1, 3].map(id => dataOf(client.seen, id).length)
    assert.equal(sent[0] ?? 0 + (sent[1] ?? 0), 65_535 - (sent[1] ?? 0))
    assert.ok((sent[1] ?? 0) > 16_000, 'streams take turns')
    // What needs no window is not kept waiting.
    await client.headers(5)
    client.send(frame(windowUpdate, 0, 0, number(1 << 20)))
    await client.next(data, ({ stream, flags }) => stream === 1 && flags === flag.endStream)
    await client.next(data, ({ stream, flags }) => stream === 3 && flags === flag.endStream)
  })

  it('sends what comes over time', async () => {
    const client = await TestClient.open()
    client.send(get(1), get(3))
    let wake = () => {}
    const pieces = (async function* () {
      yield Buffer.from('first')
      await new Promise<void>(resolve => {
        wake = resolve
      })
      yield Buffer.from('second')
    })()
    ;(await request(client)).respond(stream(pieces), true)
    assert.equal((await client.next(data)).payload.toString(), 'first')
    wake()
    assert.equal((await client.next(data)).payload.toString(), 'second')
    assert.equal((await client.next(data)).flags, flag.endStream)
    const broken = (async function* () {
      yield Buffer.from('first')
      throw new Error('it broke')
    })()
    ;(await request(client, 1)).respond(stream(broken), true)
    assert.equal(await client.reset(3), errorCode.internal)
    assert.equal(String(client.errors), 'Error: it broke')
  })

  it('lets go of what nobody wants any more', async () => {
    const client = await TestClient.open()
    client.send(get(1), get(3))
    let closed = 0
    const endless: ByteFeed = {
      ended: false,
      take: () => undefined,
      whenReady: () => {},
      close: () => closed++,
      async *[Symbol.asyncIterator]() {},
    }
    let over = false
    const asked = await request(client)
    asked.onClose = () => {
      over = true
    }
    asked.respond(stream(endless), true)
    await client.headers(1)
    client.send(frame(reset, 0, 1, number(errorCode.cancel)), frame(reset, 0, 3, number(errorCode.cancel)))
    await turn()
    assert.deepEqual([closed, over, asked.closed], [1, true, true])
    // The handler comes too late.
    ;(await request(client, 1)).respond(stream(endless), true)
    assert.equal(closed, 2)
  })

  it('does not wait for the end of a body that it has answered', async () => {
    const client = await TestClient.open()
    client.send(post(1))
    ;(await request(client)).respond(bytes('no'), true)
    assert.equal(await client.reset(1), errorCode.none)
    client.send(frame(data, 0, 1, Buffer.from('still going on')))
    assert.equal(await client.reset(1), errorCode.streamClosed)
  })

  it('breaks a body off with its request', async () => {
    const client = await TestClient.open()
    client.send(post(1), frame(data, 0, 1, Buffer.from('begun')))
    const { body } = await request(client)
    assert.ok(body)
    const read = readBody(body, 100)
    client.send(frame(reset, 0, 1, number(errorCode.cancel)))
    await assert.rejects(read, { code: 400 })
  })

  it('answers pings', async () => {
    const client = await TestClient.open()
    client.send(frame(ping, 0, 0, Buffer.from('12345678')))
    const { flags, payload } = await client.next(ping)
    assert.deepEqual([flags, payload.toString()], [flag.ack, '12345678'])
  })

  it('goes when what is under way is answered', async () => {
    const client = await TestClient.open()
    client.send(get(1))
    const first = await request(client)
    client.connection.shutdown()
    const { payload } = await client.next(goaway)
    assert.deepEqual([payload.readUInt32BE(0), payload.readUInt32BE(4)], [2 ** 31 - 1, 0])
    // Was on its way.
    client.send(get(3), frame(ping, flag.ack, 0, (await client.next(ping)).payload))
    assert.equal((await client.next(goaway)).payload.readUInt32BE(0), 3)
    client.send(get(5))
    first.respond(bytes('one'), true)
    await client.headers(1)
    assert.equal(client.ended, false)
    ;(await request(client, 1)).respond(bytes('two'), true)
    await client.headers(3)
    for (let i = 0; i < 10; i++) await turn()
    assert.deepEqual([client.ended, client.requests.length], [true, 2])
  })

  const connectionFaults: { readonly [what: string]: readonly [readonly Buffer[], number] } = {
    'data of a stream that has not begun': [[frame(data, 0, 1)], errorCode.protocol],
    'headers of a stream of the server': [[frame(headers, whole, 2, requestBlock())], errorCode.protocol],
    'headers of no stream': [[frame(headers, whole, 0, requestBlock())], errorCode.protocol],
    'headers that are broken': [[frame(headers, whole, 1, [0x80])], errorCode.compression],
    'a continuation of nothing': [[frame(continuation, flag.endHeaders, 1)], errorCode.protocol],
    'something between headers': [[frame(headers, 0, 1), frame(ping, 0, 0, Buffer.alloc(8))], errorCode.protocol],
    'data between headers': [[frame(headers, 0, 1), frame(data, 0, 1)], errorCode.protocol],
    'a continuation of another stream': [
      [frame(headers, 0, 1), frame(continuation, flag.endHeaders, 3)],
      errorCode.protocol,
    ],
    'a push': [[frame(pushPromise, flag.endHeaders, 1)], errorCode.protocol],
    'a priority of no stream': [[frame(priority, 0, 0, Buffer.alloc(5))], errorCode.protocol],
    'a priority that is too short': [[frame(priority, 0, 1, Buffer.alloc(4))], errorCode.frameSize],
    'a reset of a stream that has not begun': [[frame(reset, 0, 1, number(8))], errorCode.protocol],
    'a reset without a code': [[get(1), frame(reset, 0, 1)], errorCode.frameSize],
    'settings of a stream': [[frame(frameType.settings, 0, 1)], errorCode.protocol],
    'settings that are cut off': [[frame(frameType.settings, 0, 0, [0, 4, 0])], errorCode.frameSize],
    'an acknowledgement with settings': [
      [frame(frameType.settings, flag.ack, 0, Buffer.alloc(6))],
      errorCode.frameSize,
    ],
    'half a push': [[settings({ [setting.enablePush]: 2 })], errorCode.protocol],
    'frames that are too small': [[settings({ [setting.maxFrameSize]: 16_383 })], errorCode.protocol],
    'frames that are too large': [[settings({ [setting.maxFrameSize]: 1 << 24 })], errorCode.protocol],
    'a window that is too large': [[settings({ [setting.initialWindowSize]: 2 ** 31 })], errorCode.flowControl],
    'windows that become too large': [
      [
        get(1),
        frame(windowUpdate, 0, 1, number(2 ** 31 - 1 - 65_535)),
        settings({ [setting.initialWindowSize]: 65_536 }),
      ],
      errorCode.flowControl,
    ],
    'a ping of a stream': [[frame(ping, 0, 1, Buffer.alloc(8))], errorCode.protocol],
    'a ping that is too short': [[frame(ping, 0, 0, Buffer.alloc(7))], errorCode.frameSize],
    'the end of a stream, not of the connection': [[frame(goaway, 0, 1, Buffer.alloc(8))], errorCode.protocol],
    'a window that grows by nothing': [[frame(windowUpdate, 0, 0, number(0))], errorCode.protocol],
    'a window that grows too large': [[frame(windowUpdate, 0, 0, number(2 ** 31 - 1))], errorCode.flowControl],
    'a growth of three bytes': [[frame(windowUpdate, 0, 0, [0, 0, 1])], errorCode.frameSize],
    'a window of a stream that has not begun': [[frame(windowUpdate, 0, 1, number(1))], errorCode.protocol],
    'more than the connection may carry': [
      [post(1), post(3), ...[1, 3, 1].map(id => frame(data, 0, id, Buffer.alloc(100)))],
      errorCode.flowControl,
    ],
  }
  for (const [what, [frames, code]] of Object.entries(connectionFaults))
    it(`ends on ${what}`, async () => {
      const small = what.startsWith('more') ? { streamWindow: 130, concurrentStreams: 2 } : {}
      const client = await TestClient.open(small)
      client.send(...frames)
      assert.equal(await client.goaway(), code)
    })

  it('ends if a client does not begin with its settings', async () => {
    const client = TestClient.silent()
    client.send(preface, frame(ping, 0, 0, Buffer.alloc(8)))
    assert.equal(await client.goaway(), errorCode.protocol)
    const http1 = TestClient.silent()
    http1.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    assert.equal(await http1.goaway(), errorCode.protocol)
  })

  const streamFaults: { readonly [what: string]: readonly [readonly Buffer[], number] } = {
    'malformed headers': [[frame(headers, whole, 1, headerBlock([[':method', 'GET']]))], errorCode.protocol],
    'data behind its end': [[get(1), frame(data, 0, 1, [1])], errorCode.streamClosed],
    'headers behind its end': [[get(1), get(1)], errorCode.streamClosed],
    'headers before later ones': [[get(3), get(1)], errorCode.streamClosed],
    'trailers that are not the end': [
      [post(1), frame(headers, flag.endHeaders, 1, headerBlock([]))],
      errorCode.protocol,
    ],
    'trailers with a path': [[post(1), get(1)], errorCode.protocol],
    'more than the stream may carry': [[post(1), frame(data, 0, 1, Buffer.alloc(101))], errorCode.flowControl],
    'a window that grows by nothing': [[get(1), frame(windowUpdate, 0, 1, number(0))], errorCode.protocol],
    'a window that grows too large': [[get(1), frame(windowUpdate, 0, 1, number(2 ** 31 - 1))], errorCode.flowControl],
    'more than was announced': [[post(1, ['content-length', '1']), frame(data, 0, 1, [1, 2])], errorCode.protocol],
    'less than was announced': [[post(1, ['content-length', '2']), frame(data, 1, 1, [1])], errorCode.protocol],
    'nothing where something was announced': [
      [frame(headers, whole, 1, requestBlock({}, [['content-length', '2']]))],
      errorCode.protocol,
    ],
  }
  for (const [what, [frames, code]] of Object.entries(streamFaults))
    it(`breaks off a request with ${what}`, async () => {
      const client = await TestClient.open({ streamWindow: 100, concurrentStreams: 1000 })
      client.send(...frames)
      assert.equal(await client.reset(1), code)
      // The connection goes on.
      const before = client.requests.length
      client.send(get(5))
      const last = await request(client, before)
      last.respond(bytes('fine'), true)
      await client.headers(5)
    })

  it('passes over what it does not know', async () => {
    const client = await TestClient.open()
    client.send(frame(99, 255, 7, [1, 2, 3]), frame(priority, 0, 1, Buffer.alloc(5)), settings({ 99: 1 }), get(1))
    ;(await request(client)).respond(bytes('fine'), true)
    await client.headers(1)
  })
})
