import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ByteFeed } from '../../../machinery/http.js'
import { errorCode, flag, frameType, setting } from './protocol.js'
import type { ServerStream } from './server-stream.js'
import { frame, headerBlock, number, requestBlock, settings, TestClient, turn } from './test-client.js'

const whole = flag.endHeaders | flag.endStream
const get = (stream: number) => frame(frameType.headers, whole, stream, requestBlock())
const cancel = (stream: number) => frame(frameType.reset, 0, stream, number(errorCode.cancel))
const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8))
/** Numbers that a client may use. */
const ids = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1)
const small = { status: 200, headers: {}, body: { kind: 'bytes', chunks: [Buffer.from('ok')] } } as const
const answer = (stream: ServerStream) => stream.respond(small, true)

describe('a client that means no good', () => {
  it('gets only so many requests at a time', async () => {
    const client = await TestClient.open({ concurrentStreams: 3 })
    client.send(...ids(4).map(get))
    assert.equal(await client.reset(7), errorCode.refusedStream)
    assert.equal(client.requests.length, 3)
    for (const stream of client.requests.splice(0)) answer(stream)
    await client.headers(5)
    client.send(get(9))
    await turn()
    assert.equal(client.requests.length, 1)
  })

  it('gets no more work done by breaking requests off', async () => {
    const client = await TestClient.open({ concurrentStreams: 3 })
    client.send(...ids(50).flatMap(id => [get(id), cancel(id)]))
    assert.equal(await client.reset(99), errorCode.refusedStream)
    // The handlers of six are still at it.
    assert.equal(client.requests.length, 6)
    for (const stream of client.requests) answer(stream)
    client.send(get(101))
    await turn()
    assert.equal(client.requests.length, 7)
  })

  it('may break off a thousand requests, not many more in a short time', async () => {
    const client = await TestClient.open({}, {}, answer)
    const batch = (from: number, count: number) => ids(count).flatMap(i => [get(from + i), cancel(from + i)])
    client.send(...batch(0, 990))
    client.nowMs = 10_000
    client.send(...batch(10_000, 300))
    client.send(ping)
    await client.next(frameType.ping)
    client.send(...batch(20_000, 200))
    assert.equal(await client.goaway(), errorCode.enhanceYourCalm)
  })

  it('may not make the server break off either', async () => {
    const client = await TestClient.open({ resets: { burst: 10, perSecond: 1 } })
    client.send(...ids(11).flatMap(id => [get(id), frame(frameType.windowUpdate, 0, id, number(0))]))
    assert.equal(await client.goaway(), errorCode.enhanceYourCalm)
    assert.ok(client.requests.every(({ closed }) => closed))
  })

  const idle = {
    pings: ping,
    settings: settings({}),
    acknowledgements: frame(frameType.settings, flag.ack, 0),
    priorities: frame(frameType.priority, 0, 1, Buffer.alloc(5)),
    'unknown frames': frame(42, 0, 0),
    'empty data': frame(frameType.data, 0, 1),
    'nothing but padding': frame(frameType.data, flag.padded, 1, [2, 0, 0]),
    'the end of what is over': cancel(3),
  }
  for (const [what, bytes] of Object.entries(idle))
    it(`cannot keep the server busy with ${what}`, async () => {
      const client = await TestClient.open({ idleFrames: { burst: 10, perSecond: 1 } })
      client.send(frame(frameType.headers, flag.endHeaders, 1, requestBlock()), get(3), cancel(3))
      client.send(...Array<Buffer>(12).fill(bytes))
      assert.equal(await client.goaway(), errorCode.enhanceYourCalm)
    })

  it('cannot fill the memory with small pieces', async () => {
    const client = await TestClient.open({ smallPieces: { burst: 10, perSecond: 1 } })
    const data = (size: number) => frame(frameType.data, 0, 1, Buffer.alloc(size))
    client.send(frame(frameType.headers, flag.endHeaders, 1, requestBlock()))
    client.send(...Array<Buffer>(100).fill(data(64)), ping)
    await client.next(frameType.ping)
    client.send(...Array<Buffer>(11).fill(data(63)))
    assert.equal(await client.goaway(), errorCode.enhanceYourCalm)
  })

  it('is no client that ends bodies with a frame of its own', async () => {
    const client = await TestClient.open({ idleFrames: { burst: 10, perSecond: 1 } }, {}, answer)
    for (const id of ids(100)) {
      client.send(frame(frameType.headers, flag.endHeaders, id, requestBlock()))
      client.send(frame(frameType.data, 0, id, [1]), frame(frameType.data, flag.endStream, id))
      await client.headers(id)
    }
  })

  it('is not listened to while it does not read', async () => {
    const client = await TestClient.open({ waitingReplies: 1000 })
    client.paused = true
    for (let i = 0; i < 20; i++) {
      client.send(...Array<Buffer>(50).fill(ping))
      await turn()
    }
    assert.equal(client.unheard, true)
    const taken = client.seen.length
    assert.ok(taken < 200)
    client.resume()
    for (let i = 0; i < 100; i++) await turn()
    assert.equal(client.unheard, false)
    assert.equal(client.seen.length, 1000)
  })

  it('cannot fill the memory with headers that do not end', async () => {
    const endless = { 'many frames': Buffer.alloc(0), 'many bytes': Buffer.alloc(16_000) }
    for (const [what, payload] of Object.entries(endless)) {
      const client = await TestClient.open({ headerFrames: 100, headerListSize: 200_000 })
      client.send(frame(frameType.headers, 0, 1))
      client.send(...Array<Buffer>(101).fill(frame(frameType.continuation, 0, 1, payload)))
      assert.equal(await client.goaway(), errorCode.enhanceYourCalm, what)
    }
  })

  it('is told that its headers are too many', async () => {
    const client = await TestClient.open({ headerListSize: 5000 })
    // One header that the table knows, thousands of times.
    const bomb = Buffer.concat([
      requestBlock(),
      Buffer.from([0x40, 1, 97, 127, 0x80 | (900 & 127), 7]),
      Buffer.alloc(127 + (900 & 127) + (7 << 7), 'a'),
      Buffer.alloc(10_000, 0xbe),
    ])
    client.send(frame(frameType.headers, whole, 1, bomb))
    assert.equal((await client.headers(1))[':status'], '431')
    assert.equal(client.requests.length, 0)
    client.send(frame(frameType.headers, whole, 3, Buffer.concat([requestBlock(), headerBlock([['b', 'c']])])))
    await turn()
    assert.equal(client.requests[0]?.head.headers['b'], 'c')
  })

  it('makes nothing pile up by reading slowly', async () => {
    const client = await TestClient.open({}, { [setting.initialWindowSize]: 2 ** 31 - 1 })
    client.send(get(1), frame(frameType.windowUpdate, 0, 0, number(2 ** 31 - 1 - 65_535)))
    let taken = 0
    const endless: ByteFeed = {
      ended: false,
      take: () => {
        taken += 10_000
        return Buffer.alloc(10_000)
      },
      whenReady: () => {},
      close: () => {},
      async *[Symbol.asyncIterator]() {},
    }
    await turn()
    client.paused = true
    client.requests[0]?.respond({ status: 200, headers: {}, body: { kind: 'stream', chunks: endless } }, true)
    for (let i = 0; i < 20; i++) await turn()
    assert.ok(taken < 400_000, `${taken} bytes wait for the client`)
    client.connection.destroy()
  })

  it('makes nothing pile up by a window of nothing', async () => {
    const client = await TestClient.open({ stallMs: 1000 }, { [setting.initialWindowSize]: 0 })
    client.send(...ids(2).map(get))
    await turn()
    const [complete, lasting] = client.requests
    complete?.respond(small, true)
    const pieces = (async function* () {
      yield Buffer.from('an event')
    })()
    lasting?.respond({ status: 200, headers: {}, body: { kind: 'stream', chunks: pieces } }, true)
    await client.headers(1)
    await client.headers(3)
    await turn()
    client.connection.sweep()
    client.nowMs = 999
    client.connection.sweep()
    assert.deepEqual(client.seen, [])
    client.nowMs = 1000
    client.connection.sweep()
    assert.equal(await client.reset(1), errorCode.cancel)
    assert.equal(complete?.closed, true)
    // What lasts as long as the client likes waits for it.
    assert.equal(lasting?.closed, false)
  })

  it('is left when it takes nothing at all', async () => {
    const client = await TestClient.open({ stallMs: 1000 }, {}, answer)
    client.paused = true
    client.send(get(1))
    await turn()
    for (client.nowMs = 0; client.nowMs < 1000; client.nowMs += 500) client.connection.sweep()
    assert.equal(client.destroyed, false)
    client.connection.sweep()
    assert.equal(client.destroyed, true)
  })

  it('is left when it asks for nothing', async () => {
    const client = await TestClient.open({ idleMs: 1000 }, {}, answer)
    client.connection.sweep()
    client.nowMs = 900
    client.send(get(1))
    await client.headers(1)
    client.connection.sweep()
    client.nowMs = 1800
    client.connection.sweep()
    assert.deepEqual(
      client.seen.filter(({ type }) => type === frameType.goaway),
      [],
    )
    client.nowMs = 1900
    client.connection.sweep()
    await client.next(frameType.goaway)
    // It does not answer the farewell.
    client.connection.sweep()
    assert.equal(await client.goaway(), errorCode.none)
    client.nowMs = 10_000
    client.connection.sweep()
    assert.equal(client.destroyed, true)
  })

  it('is left when it says nothing', async () => {
    const client = TestClient.silent({ idleMs: 1000 })
    client.connection.sweep()
    client.nowMs = 1000
    client.connection.sweep()
    assert.equal(client.destroyed, true)
  })
})
