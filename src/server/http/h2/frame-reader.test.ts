import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameReader, headerFragment } from './frame-reader.js'
import { ConnectionFault, flag, frameType, preface } from './protocol.js'
import { frame } from './test-client.js'

/** Reads bytes that come in pieces; data are put together again. */
function read(pieces: readonly Buffer[], maximumSize = 16_384): readonly (readonly unknown[])[] {
  const seen: unknown[][] = []
  let data: Buffer[] = []
  let begun: readonly unknown[] = []
  const reader = new FrameReader(
    {
      frame: (type, flags, stream, payload) => seen.push([type, flags, stream, payload.toString('hex')]),
      dataBegins: (stream, length) => {
        begun = [stream, length]
        data = []
      },
      data: (stream, piece) => {
        assert.equal(stream, begun[0])
        assert.ok(piece.length > 0)
        data.push(piece)
      },
      dataEnds: (stream, ends) => seen.push(['data', ...begun, stream, ends, Buffer.concat(data).toString('hex')]),
    },
    maximumSize,
  )
  for (const piece of pieces) reader.push(piece)
  return seen
}

describe('frames', () => {
  it('are the same, however they come', () => {
    const any = fc.record({
      type: fc.integer({ min: 0, max: 12 }),
      flags: fc.integer({ min: 0, max: 255 }),
      stream: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      payload: fc.uint8Array({ maxLength: 300 }),
      padding: fc.integer({ min: 0, max: 255 }),
    })
    fc.assert(
      fc.property(fc.array(any), fc.array(fc.nat(400)), (frames, cuts) => {
        const bytes: Buffer[] = [preface]
        const expected: unknown[][] = []
        for (const { type, flags, stream, payload, padding } of frames) {
          const hex = Buffer.from(payload).toString('hex')
          if (type !== frameType.data) {
            bytes.push(frame(type, flags, stream, payload))
            expected.push([type, flags, stream, hex])
            continue
          }
          const padded = (flags & flag.padded) !== 0
          const whole = padded ? [padding, ...payload, ...Array<number>(padding).fill(0)] : payload
          bytes.push(frame(type, flags, stream, whole))
          expected.push(['data', stream, whole.length, stream, (flags & flag.endStream) !== 0, hex])
        }
        const all = Buffer.concat(bytes)
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          pieces.push(all.subarray(at, at + cut))
          at += cut
        }
        pieces.push(all.subarray(at))
        assert.deepEqual(read(pieces), expected)
      }),
    )
  })

  const bad = {
    'what is no HTTP/2': [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1],
    'a preface that is wrong late': [Buffer.from(preface.toString().replace('SM', 'sm')), 1],
    'a frame that is too long': [Buffer.concat([preface, Buffer.from('0040010100000000010000', 'hex')]), 6],
    'data of no stream': [Buffer.concat([preface, frame(frameType.data, 0, 0)]), 1],
    'padding without its length': [Buffer.concat([preface, frame(frameType.data, flag.padded, 1)]), 6],
    'padding longer than its frame': [Buffer.concat([preface, frame(frameType.data, flag.padded, 1, [5, 1, 1])]), 1],
  } as const
  for (const [what, [bytes, code]] of Object.entries(bad))
    it(`end the connection: ${what}`, () =>
      assert.throws(
        () => read([bytes]),
        (error: unknown) => error instanceof ConnectionFault && error.code === code,
      ))

  it('of headers may be padded and have a priority', () => {
    const fragment = (flags: number, ...bytes: number[]) => [...headerFragment(Buffer.from(bytes), flags)]
    assert.deepEqual(fragment(0, 1, 2), [1, 2])
    assert.deepEqual(fragment(flag.padded, 1, 2, 0), [2])
    assert.deepEqual(fragment(flag.priority, 0, 0, 0, 0, 9, 1), [1])
    assert.deepEqual(fragment(flag.padded | flag.priority, 1, 0, 0, 0, 0, 9, 1, 0), [1])
    assert.throws(() => fragment(flag.padded))
    assert.throws(() => fragment(flag.padded, 3, 1, 1))
    assert.throws(() => fragment(flag.priority, 0, 0, 0, 0))
  })
})
