import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { Connection, type ConnectionOptions } from './connection.js'
import { HeaderDecoder } from './header-decoder.js'
import { defaultLimits, type Limits } from './limits.js'
import { frameHeadSize, frameType, preface, writeFrameHead, writeNumber } from './protocol.js'
import type { ServerStream } from './server-stream.js'

/** A frame as a test sees it. */
export interface Seen {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** Any frame, right or wrong. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | readonly number[] = [],
): Buffer {
  const bytes = Buffer.alloc(frameHeadSize + payload.length)
  bytes.set(payload, writeFrameHead(bytes, 0, payload.length, type, flags, stream))
  return bytes
}

/** 32 bits. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  writeNumber(bytes, 0, value)
  return bytes
}

export function settings(values: { readonly [id: number]: number }): Buffer {
  const pairs = Object.entries(values).map(([id, value]) =>
    Buffer.concat([Buffer.from([0, Number(id)]), number(value)]),
  )
  return frame(frameType.settings, 0, 0, Buffer.concat(pairs))
}

/** A header block that no table remembers. */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const string = (text: string) => {
    const bytes = Buffer.from(text, 'latin1')
    const length = bytes.length < 127 ? [bytes.length] : [127]
    if (bytes.length >= 127) {
      let rest = bytes.length - 127
      for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128)
      length.push(rest)
    }
    return Buffer.concat([Buffer.from(length), bytes])
  }
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]))
}

/** The headers of an ordinary request, and others. */
export const requestBlock = (
  { method = 'GET', path = '/' }: { readonly method?: string; readonly path?: string } = {},
  more: readonly (readonly [string, string])[] = [],
): Buffer => headerBlock([[':method', method], [':scheme', 'https'], [':path', path], [':authority', 'here'], ...more])

/** A client that speaks in bytes, over a socket in memory. */
export class TestClient {
  /** Everything that has come and was not asked for yet. */
  readonly seen: Seen[] = []
  readonly connection: Connection
  /** Requests that wait for an answer. */
  readonly requests: ServerStream[] = []
  readonly errors: unknown[] = []
  nowMs = 0
  /** The server has ended the connection. */
  ended = false
  /** The server lets nothing more through while it is paused. */
  paused = false
  readonly #socket: Duplex
  #taken: (() => void) | undefined
  #rest = Buffer.alloc(0)
  readonly #decoder = new HeaderDecoder(1 << 20)

  private constructor(limits: Partial<Limits>, serve: ((stream: ServerStream) => void) | undefined) {
    this.#socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#receive(chunk)
        if (this.paused) this.#taken = done
        else setImmediate(done)
      },
      final: done => {
        this.ended = true
        done()
      },
    })
    this.#socket.on('error', () => {})
    const options: ConnectionOptions = {
      limits: { ...defaultLimits, ...limits },
      serve: serve ?? (stream => this.requests.push(stream)),
      onError: error => this.errors.push(error),
      now: () => this.nowMs,
    }
    this.connection = new Connection(this.#socket, options)
  }

  /** A connection on which both sides have introduced themselves. */
  static async open(
    limits: Partial<Limits> = {},
    own: { readonly [id: number]: number } = {},
    serve?: (stream: ServerStream) => void,
  ): Promise<TestClient> {
    const client = new TestClient(limits, serve)
    client.send(preface, settings(own))
    await client.next(frameType.windowUpdate)
    await client.next(frameType.settings, ({ flags }) => flags === 1)
    client.seen.length = 0
    return client
  }

  /** One that has said nothing yet. */
  static silent(limits: Partial<Limits> = {}): TestClient {
    return new TestClient(limits, undefined)
  }

  get destroyed(): boolean {
    return this.#socket.destroyed
  }

  /** The server reads no more for the time being. */
  get unheard(): boolean {
    return this.#socket.isPaused()
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#socket.push(Buffer.concat(frames))
  }

  /** Takes what the server has written, and all that follows. */
  resume(): void {
    this.paused = false
    this.#taken?.()
    this.#taken = undefined
  }

  /** Waits for a frame, which is forgotten then; whatever came before it stays. */
  async next(type: number, holds: (frame: Seen) => boolean = () => true): Promise<Seen> {
    for (let turns = 0; turns < 1000; turns++) {
      const index = this.seen.findIndex(frame => frame.type === type && holds(frame))
      const [found] = index < 0 ? [] : this.seen.splice(index, 1)
      if (found) return found
      await turn()
    }
    assert.fail(`no frame of type ${type} among ${JSON.stringify(this.seen)}; errors: ${this.errors.join()}`)
  }

  /** Waits for the headers of an answer. */
  async headers(stream: number): Promise<{ readonly [name: string]: string }> {
    const { payload } = await this.next(frameType.headers, frame => frame.stream === stream)
    return Object.fromEntries(this.#decoder.decode(payload).fields.map(({ name, value }) => [name, value]))
  }

  /** Waits until the server has ended the connection; answers with the code of its GOAWAY. */
  async goaway(): Promise<number> {
    const { payload } = await this.next(frameType.goaway)
    for (let turns = 0; turns < 1000 && !this.ended; turns++) await turn()
    assert.ok(this.ended)
    return payload.readUInt32BE(4)
  }

  /** The code with which a stream was broken off. */
  async reset(stream: number): Promise<number> {
    return (await this.next(frameType.reset, frame => frame.stream === stream)).payload.readUInt32BE()
  }

  #receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk])
    while (bytes.length >= frameHeadSize && bytes.length >= frameHeadSize + bytes.readUIntBE(0, 3)) {
      const end = frameHeadSize + bytes.readUIntBE(0, 3)
      const [type = 0, flags = 0] = [bytes[3], bytes[4]]
      this.seen.push({ type, flags, stream: bytes.readUInt32BE(5), payload: Buffer.from(bytes.subarray(9, end)) })
      bytes = bytes.subarray(end)
    }
    this.#rest = Buffer.from(bytes)
  }
}

/** Lets everything happen that does not wait for something. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
