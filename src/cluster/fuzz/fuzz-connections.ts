import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../../server/http/h2/connection.js'
import { defaultLimits } from '../../server/http/h2/limits.js'
import { ConnectionFault, frameHeadSize, frameType, preface, writeFrameHead } from '../../server/http/h2/protocol.js'
import type { ServerStream } from '../../server/http/h2/server-stream.js'
import { mutateBytes, type Random } from './mutate.js'

/** What came of connections whose clients send what nobody would send. */
export interface ConnectionReport {
  /** Requests that were understood. */
  readonly requests: number
  /** How often connections ended, by the code of the error; those that did not are at -1. */
  readonly endings: { readonly [code: number]: number }
  /** What should never happen. */
  readonly faults: readonly string[]
}

/** Headers of ordinary requests, in the forms a block may have them; and some that are malformed. */
const blocks = [
  '828684410f7777772e6578616d706c652e636f6d',
  '828684418cf1e3c2e5f23a6ba0ab90f4ff',
  '828785',
  '8387840f0d0132',
  '838784400378'.concat('2d61', '0162'),
  '3f21828784',
  '82878486be',
  '8287048163',
].map(hex => Buffer.from(hex, 'hex'))
const mostFrames = 60
const mostBytes = 300

/** Opens so many connections, one after the other, and sends them frames that are right, nearly right and wrong. */
export async function fuzzConnections(random: Random, connections: number): Promise<ConnectionReport> {
  const faults: string[] = []
  const endings: { [code: number]: number } = {}
  let requests = 0
  for (let i = 0; i < connections; i++) {
    const bytes = clientBytes(random)
    const errors: unknown[] = []
    const streams: ServerStream[] = []
    const socket = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => void (random.once(4) ? setImmediate(done) : done()),
    })
    const connection = new Connection(socket, {
      limits: { ...defaultLimits, concurrentStreams: 5, headerListSize: 2000, idleFrames: { burst: 30, perSecond: 1 } },
      now: () => 0,
      onError: error => errors.push(error),
      serve: stream => {
        streams.push(stream)
        answer(stream, random)
      },
    })
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(random.once(3) ? 10 : 500)
      socket.push(bytes.subarray(at, end))
      at = end
      if (random.once(3)) await turn()
    }
    await turn()
    connection.sweep()
    connection.destroy()
    await turn()
    requests += streams.length
    const [error] = errors
    const code = error instanceof ConnectionFault ? error.code : -1
    endings[code] = (endings[code] ?? 0) + 1
    const strange = errors.find(error => !(error instanceof ConnectionFault))
    if (strange) faults.push(`${strange instanceof Error ? strange.stack : strange}\nsent: ${bytes.toString('hex')}`)
    if (streams.some(({ closed }) => !closed)) faults.push(`a stream stays\nsent: ${bytes.toString('hex')}`)
  }
  return { requests, endings, faults }
}

function clientBytes(random: Random): Buffer {
  const { headers, data, continuation, reset, settings, windowUpdate } = frameType
  const frames = [
    preface,
    frame(settings, 0, 0, random.of(settingsPayloads)),
    frame(headers, 5, 1, blocks[0] ?? preface),
  ]
  const count = random.below(mostFrames)
  let next = 3
  for (let i = 0; i < count; i++) {
    const known = 1 + 2 * random.below((next - 1) / 2)
    const kind = random.below(50)
    if (kind < 20) {
      frames.push(
        frame(
          headers,
          random.of([5, 5, 5, 4, 4]),
          random.once(20) ? known : next,
          random.of(blocks.slice(0, random.once(20) ? 8 : 6)),
        ),
      )
      next += 2
    } else if (kind < 32) frames.push(frame(data, random.once(3) ? 1 : 0, known, payload(random)))
    else if (kind < 40)
      frames.push(frame(windowUpdate, 0, random.once(3) ? 0 : known, number(1 + random.below(100_000))))
    else if (kind < 43) frames.push(frame(reset, 0, known, number(8)))
    else if (kind < 46) frames.push(frame(settings, 0, 0, random.of(settingsPayloads)))
    else if (kind < 48) {
      const block = random.of(blocks)
      frames.push(frame(headers, 1, next, block.subarray(0, 3)), frame(continuation, 4, next, block.subarray(3)))
      next += 2
    } else if (random.once(3))
      frames.push(frame(random.below(12), random.below(256), random.below(12), payload(random)))
  }
  const bytes = Buffer.concat(frames)
  return random.once(5) ? Buffer.concat([preface, mutateBytes(bytes.subarray(preface.length), random)]) : bytes
}

/** The client's table, its windows, the size of its frames. */
const settingsPayloads = ['', '000400000005', '00040000ffff', '0001000000ff', '000100000000', '0005000040ff'].map(hex =>
  Buffer.from(hex, 'hex'),
)

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function payload(random: Random): Buffer {
  const size = random.of([0, 1, 4, 5, 6, 8, 12, random.below(mostBytes)])
  return Buffer.from(Array.from({ length: size }, () => (random.once(2) ? 0 : random.below(256))))
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeadSize + payload.length)
  bytes.set(payload, writeFrameHead(bytes, 0, payload.length, type, flags, stream))
  return bytes
}

/** Answers in one of the ways in which handlers do, or never. */
function answer(stream: ServerStream, random: Random): void {
  const chunks = Array.from({ length: random.below(4) }, () => Buffer.alloc(random.below(100_000)))
  const way = random.below(6)
  if (way === 0) return
  stream.body?.resume()
  if (way === 1) stream.reset(random.below(12))
  else if (way === 2)
    stream.respond({ status: 200, headers: {}, body: { kind: 'stream', chunks: slowly(chunks) } }, true)
  else if (way === 3) setImmediate(() => stream.respond({ status: 404, headers: {}, body: { kind: 'none' } }, true))
  else stream.respond({ status: 200, headers: { 'audit-id': 'a' }, body: { kind: 'bytes', chunks } }, way === 4)
}

async function* slowly(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await turn()
    yield chunk
  }
}
