import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeObject,
  encodeObject,
  encodeWatchFrame,
  isEnvelope,
  takeWatchFrame,
  unwrapEnvelope,
  wrapEnvelope,
} from './protobuf-envelope.js'
import { ConfigMap, Lease } from './test-messages.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const lease = { metadata: { name: 'a' }, spec: {} }

describe('envelopes', () => {
  it('have a magic, a type, the bytes, and two empty strings', () => {
    const bytes = wrapEnvelope('v1', 'Pod', Uint8Array.of(1, 2))
    assert.equal(hex(bytes), '6b387300 0a09 0a027631 1203506f64 1202 0102 1a00 2200'.replaceAll(' ', ''))
    const { raw, ...rest } = unwrapEnvelope(bytes)
    assert.deepEqual(rest, { apiVersion: 'v1', kind: 'Pod', contentEncoding: '', contentType: '' })
    assert.equal(hex(raw), '0102')
  })

  it('carry what the message does not: kind and apiVersion', () => {
    const envelope = unwrapEnvelope(encodeObject(Lease, lease))
    assert.equal(envelope.apiVersion, 'coordination.k8s.io/v1')
    assert.deepEqual(decodeObject(Lease, envelope), { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', ...lease })
    const old = unwrapEnvelope(encodeObject(Lease, { ...lease, apiVersion: 'coordination.k8s.io/v1beta1' }))
    assert.equal(old.apiVersion, 'coordination.k8s.io/v1beta1')
  })

  it('around an object are the same as around its bytes', () => {
    const whole = encodeObject(ConfigMap, { metadata: { name: 'x' }, data: { a: 'b'.repeat(300) } })
    assert.equal(hex(wrapEnvelope('v1', 'ConfigMap', unwrapEnvelope(whole).raw)), hex(whole))
  })

  const broken: readonly (readonly [string, string])[] = [
    ['other bytes', '7b7d'],
    ['half a magic', '6b38'],
    ['a length beyond the end', '6b387300127f'],
    ['a type beyond its message', '6b3873000a020a05'],
  ]
  for (const [what, text] of broken)
    it(`refuse ${what}`, () => {
      assert.throws(() => unwrapEnvelope(Buffer.from(text, 'hex')), { name: 'ProtobufError' })
    })

  it('refuse an encoding nobody knows', () => {
    const envelope = { ...unwrapEnvelope(encodeObject(Lease, lease)), contentEncoding: 'gzip' }
    assert.throws(() => decodeObject(Lease, envelope), { name: 'ProtobufError' })
  })

  it('are told by their first bytes', () => {
    assert.ok(isEnvelope(encodeObject(Lease, lease)))
    assert.ok(!isEnvelope(Buffer.from('{}')))
    assert.ok(!isEnvelope(new Uint8Array(0)))
  })
})

describe('watch frames', () => {
  const object = encodeObject(Lease, lease)

  it('have their length in front', () => {
    const frame = encodeWatchFrame('ADDED', Uint8Array.of(9))
    assert.equal(hex(frame), '0000000c 0a054144444544 1203 0a0109'.replaceAll(' ', ''))
  })

  it('are taken off one by one, however they arrive', () => {
    const stream = Buffer.concat([encodeWatchFrame('ADDED', object), encodeWatchFrame('DELETED', object)])
    const seen: string[] = []
    let held: Uint8Array = new Uint8Array(0)
    for (let at = 0; at < stream.length; at += 7) {
      held = Buffer.concat([held, stream.subarray(at, at + 7)])
      for (let taken = takeWatchFrame(held); taken; taken = takeWatchFrame(held)) {
        seen.push(taken.frame.type)
        assert.deepEqual(decodeObject(Lease, unwrapEnvelope(taken.frame.object)).metadata, { name: 'a' })
        held = taken.rest
      }
    }
    assert.deepEqual(seen, ['ADDED', 'DELETED'])
    assert.equal(held.length, 0)
  })

  it('that claim too much are refused', () => {
    assert.throws(() => takeWatchFrame(Buffer.from('ffffffff', 'hex')), { name: 'ProtobufError' })
  })
})
