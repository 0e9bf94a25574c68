import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, deflateSync } from 'node:zlib'
import { SpdyError } from './spdy-error.js'
import { encodeFrame, FrameParser, maxControlFrame, type SpdyFrame } from './spdy-frames.js'
import { dictionaryChecksum, HeaderDecoder, HeaderEncoder, maxHeaderBlock, spdyDictionary } from './spdy-headers.js'

const frames: readonly SpdyFrame[] = [
  {
    type: 'syn-stream',
    streamId: 1,
    associatedId: 0,
    priority: 3,
    fin: false,
    unidirectional: false,
    headers: { streamtype: 'error', port: '8080', requestid: '0' },
  },
  { type: 'syn-reply', streamId: 1, fin: false, headers: {} },
  { type: 'data', streamId: 1, fin: false, data: Buffer.from('first') },
  {
    type: 'syn-stream',
    streamId: 0x7fffffff,
    associatedId: 1,
    priority: 7,
    fin: true,
    unidirectional: true,
    headers: { streamtype: 'data', port: '8080', requestid: '0', __proto: 'x', 'x-ä': 'ö\0ü' },
  },
  { type: 'headers', streamId: 1, fin: true, headers: { streamtype: 'error' } },
  { type: 'rst-stream', streamId: 3, status: 5 },
  {
    type: 'settings',
    clear: true,
    settings: [
      { id: 4, flags: 1, value: 1000 },
      { id: 7, flags: 0, value: 0xffffffff },
    ],
  },
  { type: 'ping', id: 0xfffffffe },
  { type: 'window-update', streamId: 0, delta: 65536 },
  { type: 'data', streamId: 5, fin: true, data: Buffer.alloc(0) },
  { type: 'goaway', lastStreamId: 5, status: 0 },
]

/** Joins the pieces in which data arrives. */
function joined(parts: readonly SpdyFrame[]): SpdyFrame[] {
  const whole: SpdyFrame[] = []
  for (const frame of parts) {
    const last = whole.at(-1)
    if (frame.type === 'data' && last?.type === 'data' && last.streamId === frame.streamId && !last.fin) {
      whole[whole.length - 1] = { ...frame, data: Buffer.concat([last.data, frame.data]) }
    } else whole.push(frame)
  }
  return whole
}

const plain = (frame: SpdyFrame): SpdyFrame =>
  'headers' in frame ? { ...frame, headers: { ...frame.headers } } : frame

for (const size of [1, 2, 3, 7, 8, 9, 64, 100_000]) {
  test(`frames survive being cut into chunks of ${size}`, () => {
    const encoder = new HeaderEncoder()
    const bytes = Buffer.concat(frames.map(frame => encodeFrame(frame, encoder)))
    const parser = new FrameParser()
    const parsed: SpdyFrame[] = []
    for (let offset = 0; offset < bytes.length; offset += size) {
      parsed.push(...parser.parse(bytes.subarray(offset, offset + size)))
    }
    assert.deepEqual(joined(parsed).map(plain), frames)
  })
}

const known: readonly { readonly frame: SpdyFrame; readonly hex: string }[] = [
  { frame: { type: 'ping', id: 1 }, hex: '80030006 00000004 00000001' },
  { frame: { type: 'rst-stream', streamId: 5, status: 5 }, hex: '80030003 00000008 00000005 00000005' },
  { frame: { type: 'goaway', lastStreamId: 9, status: 0 }, hex: '80030007 00000008 00000009 00000000' },
  {
    frame: { type: 'window-update', streamId: 1, delta: 0x10000 },
    hex: '80030009 00000008 00000001 00010000',
  },
  {
    frame: { type: 'settings', clear: false, settings: [{ id: 7, flags: 0, value: 65536 }] },
    hex: '80030004 0000000c 00000001 00000007 00010000',
  },
  { frame: { type: 'data', streamId: 3, fin: true, data: Buffer.from('hi') }, hex: '00000003 01000002 6869' },
]
for (const { frame, hex } of known) {
  test(`known bytes of ${frame.type}`, () => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    assert.deepEqual(encodeFrame(frame, new HeaderEncoder()), bytes)
    assert.deepEqual([...new FrameParser().parse(bytes)], [frame])
  })
}

test('the first frame of kubectl exec', () => {
  const sent = '80030001000000290000000100000000000078f9e3c6a7c26260606004a7b392a2d4c45c6851c29a0a0a6800000000ffff'
  const [frame, ...others] = [...new FrameParser().parse(Buffer.from(sent, 'hex'))]
  assert.ok(frame)
  assert.deepEqual(plain(frame), {
    type: 'syn-stream',
    streamId: 1,
    associatedId: 0,
    priority: 0,
    fin: false,
    unidirectional: false,
    headers: { streamtype: 'error' },
  })
  assert.deepEqual(others, [])
})

test('the dictionary is the published one', () => {
  assert.equal(spdyDictionary.length, 1423)
  let [a, b] = [1, 0]
  for (const byte of spdyDictionary) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  assert.equal(((b << 16) | a) >>> 0, dictionaryChecksum)
})

test('a header block without a dictionary is understood', () => {
  const block = Buffer.concat([Buffer.from('00000001', 'hex'), lengthPrefixed('a'), lengthPrefixed('b')])
  assert.deepEqual({ ...new HeaderDecoder().decode(deflateSync(block)) }, { a: 'b' })
})

test('header blocks refer to what went before, over more than a window', () => {
  const encoder = new HeaderEncoder()
  const decoder = new HeaderDecoder()
  for (let index = 0; index < 200; index++) {
    const headers = { streamtype: 'data', requestid: String(index), long: 'x'.repeat(index * 10) }
    const block = encoder.encode(headers)
    assert.deepEqual({ ...decoder.decode(block) }, headers)
    if (index > 1) assert.ok(block.length < 100, `${block.length}`)
  }
})

const lengthPrefixed = (text: string) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}
const block = (...parts: Buffer[]) => Buffer.concat([Buffer.from([0x78, 0x01]), deflateRawSync(Buffer.concat(parts))])
const count = (pairs: number) => Buffer.from([0, 0, 0, pairs])
const control = (type: number, payload: Buffer, version = 3) => {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(0x8000 | version, 0)
  header.writeUInt16BE(type, 2)
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}
const reply = (headerBlock: Buffer) => control(2, Buffer.concat([Buffer.from([0, 0, 0, 1]), headerBlock]))
const hostile: readonly { readonly name: string; readonly bytes: Buffer; readonly message: RegExp }[] = [
  { name: 'another version', bytes: control(6, Buffer.alloc(4), 2), message: /version 2/ },
  { name: 'a huge control frame', bytes: control(4, Buffer.alloc(maxControlFrame + 1)), message: /too long/ },
  { name: 'a short ping', bytes: control(6, Buffer.alloc(3)), message: /truncated/ },
  { name: 'a short SYN_STREAM', bytes: control(1, Buffer.alloc(9)), message: /truncated/ },
  { name: 'more settings than bytes', bytes: control(4, Buffer.from([0xff, 0, 0, 0])), message: /truncated/ },
  { name: 'data for stream 0', bytes: Buffer.alloc(8), message: /stream 0/ },
  { name: 'a reply for stream 0', bytes: control(2, Buffer.alloc(10)), message: /stream 0/ },
  { name: 'no zlib', bytes: reply(Buffer.from('nonsense')), message: /not a zlib stream/ },
  { name: 'an unknown dictionary', bytes: reply(Buffer.from('78bb00000001', 'hex')), message: /unknown dictionary/ },
  { name: 'broken deflate', bytes: reply(Buffer.from('7801ffffffff', 'hex')), message: /decompressed/ },
  { name: 'a bomb', bytes: reply(block(Buffer.alloc(maxHeaderBlock + 1))), message: /decompressed/ },
  { name: 'fewer headers than promised', bytes: reply(block(count(1))), message: /truncated/ },
  {
    name: 'a length beyond the end',
    bytes: reply(block(count(1), Buffer.from([0xff, 0, 0, 0]))),
    message: /truncated/,
  },
  { name: 'an empty name', bytes: reply(block(count(1), Buffer.alloc(8))), message: /lower case/ },
  {
    name: 'a name in capitals',
    bytes: reply(block(count(1), lengthPrefixed('Port'), lengthPrefixed('1'))),
    message: /lower case/,
  },
  {
    name: 'a name twice',
    bytes: reply(block(count(2), ...Array.from({ length: 4 }, () => lengthPrefixed('a')))),
    message: /twice/,
  },
  { name: 'bytes after the headers', bytes: reply(block(count(0), Buffer.alloc(1))), message: /after its last/ },
]
for (const { name, bytes, message } of hostile) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => [...new FrameParser().parse(bytes)],
      error => error instanceof SpdyError && message.test(error.message),
    )
  })
}

test('skips control frames of unknown types', () => {
  const bytes = Buffer.concat([control(99, Buffer.from('???')), control(6, Buffer.from([0, 0, 0, 7]))])
  assert.deepEqual([...new FrameParser().parse(bytes)], [{ type: 'ping', id: 7 }])
})

test('long data is handed out as it arrives', () => {
  const header = Buffer.from('0000000101ffffff', 'hex')
  const parser = new FrameParser()
  assert.deepEqual([...parser.parse(header)], [])
  const piece = Buffer.alloc(65536, 1)
  let size = 0
  let last = false
  while (size < 0xffffff) {
    const parsed = [...parser.parse(piece.subarray(0, Math.min(piece.length, 0xffffff - size)))]
    assert.equal(parsed.length, 1)
    const [frame] = parsed
    assert.ok(frame?.type === 'data')
    size += frame.data.length
    last = frame.fin
    assert.equal(last, size === 0xffffff)
  }
  assert.ok(last)
})
