import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boolean, double, int32, int64, list, message, optional, required, string, uint64 } from './declare.js'
import { decodeJson } from './json.js'
import { decodeProtobuf, encodeProtobuf, ProtobufError } from './protobuf.js'
import {
  ConfigMap,
  Container,
  ContainerPort,
  Everything,
  HTTPGetAction,
  JSONSchemaProps,
  Lease,
  Nested,
  ObjectMeta,
  Plain,
  Pod,
  PodCondition,
  Probe,
  ResourceFieldSelector,
} from './test-messages.js'
import type { MessageSchema } from './types.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const decode = (schema: MessageSchema, text: string) => decodeProtobuf(schema, bytes(text))
const encode = (schema: MessageSchema, value: unknown) => encodeProtobuf(schema, value)
const back = (schema: MessageSchema, encoded: Uint8Array) => decodeProtobuf(schema, encoded)

interface Form {
  readonly what: string
  readonly schema: MessageSchema
  readonly value: unknown
  readonly bytes: string
}

const forms: readonly Form[] = [
  {
    what: 'values held by value are written though zero, in order of their numbers',
    schema: ContainerPort,
    value: { containerPort: 80 },
    bytes: '0a00 1000 1850 2200',
  },
  {
    what: 'an inlined message is a message of its own, pointers are left out',
    schema: Probe,
    value: { httpGet: { port: 'http' }, initialDelaySeconds: 3 },
    bytes: '0a10 120e 0a00 120a 0801 1000 1a04 68747470 1003',
  },
  { what: 'an inlined message without fields', schema: Probe, value: {}, bytes: '0a00 1000' },
  {
    what: 'int-or-string, a number',
    schema: HTTPGetAction,
    value: { port: 8080 },
    bytes: '0a00 1207 0800 10903f 1a00',
  },
  {
    what: 'a quantity that must be there',
    schema: ResourceFieldSelector,
    value: { resource: 'r', divisor: '0' },
    bytes: '1201 72 1a03 0a01 30',
  },
  {
    what: 'a time is seconds, then nanoseconds; maps are entries sorted by key',
    schema: ObjectMeta,
    value: { creationTimestamp: '2024-01-31T00:00:00Z', labels: { b: '2', a: '1' } },
    bytes: '0a00 1200 1a00 2a00 3200 3800 4208 0880 9be6 ad06 1000 5a06 0a0161 120131 5a06 0a0162 120132',
  },
  {
    what: 'times before 1970 are negative',
    schema: PodCondition,
    value: { type: '', status: '', lastProbeTime: '1969-12-31T23:59:59Z' },
    bytes: '0a00 1200 1a0d 08ffffffffffffffffff01 1000',
  },
  {
    what: 'micro time keeps microseconds',
    schema: Lease,
    value: { metadata: {}, spec: { renewTime: '1970-01-01T00:00:01.000002Z' } },
    bytes: '0a0c 0a00 1200 1a00 2a00 3200 3800 1207 2205 0801 10d00f',
  },
  {
    what: 'bytes are base64 in JSON',
    schema: ConfigMap,
    value: { metadata: {}, binaryData: { a: 'AQI=' } },
    bytes: '0a0c 0a00 1200 1a00 2a00 3200 3800 1a07 0a0161 1202 0102',
  },
  {
    what: 'a choice has a field for each JSON form; true goes with an object',
    schema: JSONSchemaProps,
    value: { additionalProperties: { type: 'x' }, items: [{ type: 'y' }], default: null, enum: [1] },
    bytes: '2a00 a20103 0a0131 ca0105 1203 2a0179 f20107 0801 1203 2a0178',
  },
  {
    what: 'a choice that is a boolean',
    schema: JSONSchemaProps,
    value: { additionalProperties: false },
    bytes: '2a00 f20102 0800',
  },
  { what: 'plain proto3 leaves zeros out', schema: Plain, value: { id: '', size: 0, groups: [] }, bytes: '' },
  {
    what: 'plain proto3 packs numbers',
    schema: Plain,
    value: { id: 'a', size: 1, groups: [1, -1, 300], labels: {}, payload: Uint8Array.of(7) },
    bytes: '0a0161 1001 1a0d 01ffffffffffffffffff01ac02 420107',
  },
  { what: 'a proto3 pointer may be zero', schema: Plain, value: { value: 0 }, bytes: '3000' },
  { what: 'a proto3 message may be empty', schema: Plain, value: { nested: {} }, bytes: '5200' },
]

describe('encodeProtobuf', () => {
  for (const form of forms)
    it(form.what, () => {
      assert.equal(hex(encodeProtobuf(form.schema, form.value)), form.bytes.replaceAll(' ', ''))
    })

  const everything = { template: { containerPort: 1 } }
  it('wraps lists that are messages of their own', () => {
    const written = hex(encode(Everything, { ...everything, extra: { k: ['a', 'b'] }, verbs: ['get'] }))
    assert.ok(written.includes('3a0b0a016b12060a01610a0162'), written)
    assert.ok(written.includes('42050a03676574'), written)
  })

  it('writes proto2 numbers one by one', () => {
    assert.ok(hex(encode(Everything, { ...everything, numbers: [1, 2] })).includes('30013002'))
  })

  it('grows its buffer and does not keep what others wrote', () => {
    const long = 'é'.repeat(50_000)
    const first = encode(ConfigMap, { data: { a: long } })
    const second = encode(ConfigMap, { data: { a: 'b' } })
    assert.deepEqual(back(ConfigMap, first), { metadata: {}, data: { a: long } })
    assert.deepEqual(back(ConfigMap, second), { metadata: {}, data: { a: 'b' } })
  })

  const misfits: readonly (readonly [string, MessageSchema, unknown, RegExp])[] = [
    ['a number as text', Pod, { spec: { containers: [{ name: 5 }] } }, /^spec\.containers\.name: cannot encode number/],
    ['text as a message', Pod, { spec: 'x' }, /^spec: cannot encode string as k8s\.io\.api\.core\.v1\.PodSpec$/],
    ['a fraction', ContainerPort, { containerPort: 1.5 }, /^containerPort: cannot encode 1\.5 as int32$/],
    ['a number out of range', ContainerPort, { containerPort: 2 ** 31 }, /^containerPort: cannot encode/],
    ['an object as a list', Container, { command: {} }, /^command: cannot encode object as a list$/],
    ['a list as a map', ObjectMeta, { labels: [] }, /^labels: cannot encode array as a map$/],
    ['a form the choice lacks', JSONSchemaProps, { items: 1 }, /^items: cannot encode number as .*OrArray$/],
    ['a time that is none', ObjectMeta, { deletionTimestamp: 'x' }, /^deletionTimestamp: parsing time/],
  ]
  for (const [what, schema, value, expected] of misfits)
    it(`refuses ${what}`, () => {
      assert.throws(() => encodeProtobuf(schema, value), { name: 'ProtobufError', message: expected })
    })
})

describe('decodeProtobuf', () => {
  for (const form of forms)
    it(form.what, () => {
      assert.deepEqual(decode(form.schema, form.bytes), decodeJson(form.schema, form.value))
    })

  it('shows what is required and leaves out what is optional', () => {
    assert.deepEqual(decode(Pod, ''), { metadata: {}, spec: { containers: null }, status: {} })
    assert.deepEqual(decode(PodCondition, ''), { type: '', status: '', lastProbeTime: null })
    assert.deepEqual(decode(ResourceFieldSelector, ''), { resource: '', divisor: '0' })
    assert.deepEqual(decode(Plain, ''), { id: '', size: 0, groups: [], labels: {}, payload: new Uint8Array(0) })
  })

  it('takes an empty time for unset and zero seconds for 1970', () => {
    assert.deepEqual(decode(ObjectMeta, '4200'), {})
    assert.deepEqual(decode(ObjectMeta, '4204 0800 1000'), { creationTimestamp: '1970-01-01T00:00:00Z' })
  })

  it('understands numbers packed and unpacked', () => {
    const numbers = message('k8s.io.test.v1.Numbers', {
      whole: optional(1, list(int64)),
      flags: optional(2, list(boolean)),
      real: optional(3, list(double)),
    })
    const expected = { whole: [1, 2, 3], flags: [true, false], real: [1] }
    assert.deepEqual(decode(numbers, '0801 0a02 0203 1202 0100 190000 0000 0000 f03f'), expected)
    assert.deepEqual(decode(numbers, '0a01 01 0802 0803 1001 1000 1a08 0000 0000 0000 f03f'), expected)
  })

  it('passes over unknown fields of every wire type, groups included', () => {
    const known = '1850'
    for (const unknown of ['9a0601 00', '980601', '9906 0102030405060708', '9d06 01020304', '9b06 9b06 9c06 0801 9c06'])
      assert.deepEqual(decode(ContainerPort, unknown + known + unknown), { containerPort: 80 }, unknown)
  })

  it('keeps the nearest number of a 64-bit integer', () => {
    const numbers = message('k8s.io.test.v1.Large', { signed: required(1, int64), unsigned: required(2, uint64) })
    const largest = { signed: 2 ** 63, unsigned: 2 ** 64 }
    assert.equal(hex(encodeProtobuf(numbers, largest)), '08ffffffffffffffff7f10ffffffffffffffffff01')
    assert.deepEqual(decodeProtobuf(numbers, encodeProtobuf(numbers, largest)), largest)
    assert.deepEqual(decode(numbers, '08ffffffffffffffffff01'), { signed: -1, unsigned: 0 })
  })

  it('drops the high bits of a 32-bit integer', () => {
    const number = message('k8s.io.test.v1.Small', { value: required(1, int32) })
    assert.deepEqual(decode(number, '08ffffffffffffffffff01'), { value: -1 })
    assert.deepEqual(decode(number, '08808080801001'.slice(0, 12)), { value: 0 })
  })

  it('lets no map key reach the prototype', () => {
    const { labels } = decode(ObjectMeta, '5a0e 0a09 5f5f70726f746f5f5f 120131') as { labels: object }
    assert.deepEqual(Object.entries(labels), [['__proto__', '1']])
    assert.equal(Object.getPrototypeOf(labels), Object.prototype)
  })

  const broken: readonly (readonly [string, MessageSchema, string, RegExp])[] = [
    ['a length beyond the end', ContainerPort, '0aff ffff ff0f', /unexpected EOF/],
    ['a length beyond the enclosing message', Pod, '0a02 0a7f 00', /unexpected EOF/],
    ['a length of 2^63', ContainerPort, '0aff ffff ffff ffff ff7f', /unexpected EOF/],
    ['a cut varint', ContainerPort, '1880', /unexpected EOF/],
    ['a varint of eleven bytes', ContainerPort, '18ffffffffffffffffffffff01', /integer overflow/],
    ['field number 0', ContainerPort, '0000', /illegal tag/],
    ['another wire type', ContainerPort, '1a00', /wire type 2 where 0/],
    ['wire type 7', ContainerPort, 'ff0600', /illegal wireType 7/],
    ['an end of group that none began', ContainerPort, '9c06', /illegal wireType 4/],
    ['a group that another ends', ContainerPort, '9b06 a406', /mismatched/],
    ['a quantity that is none', ResourceFieldSelector, '1a04 0a02 7878', /quantities must match/],
    ['an int-or-string that is neither', HTTPGetAction, '1202 0802', /neither/],
    ['raw JSON that is none', JSONSchemaProps, '4203 0a01 7b', /JSON/],
    ['a time after the year 9999', ObjectMeta, '4207 0880 80c7b9e9 39', /year outside/],
    ['groups without end', ContainerPort, '9b06'.repeat(200), /deeper than 100/],
  ]
  for (const [what, schema, text, expected] of broken)
    it(`refuses ${what}`, () => {
      assert.throws(() => decode(schema, text), { name: 'ProtobufError', message: expected })
    })

  it('refuses messages that nest too deep', () => {
    const nest = (depth: number) => {
      let inner: Uint8Array = new Uint8Array(0)
      for (let i = 0; i < depth; i++) inner = encodeRaw(i % 2 === 0 ? 0x52 : 0x12, inner)
      return inner
    }
    assert.ok(decodeProtobuf(depthOf(50), nest(50)))
    assert.throws(() => decodeProtobuf(depthOf(150), nest(150)), ProtobufError)
  })

  it('refuses a declaration that uses a number twice', () => {
    const twice = message('k8s.io.test.v1.Twice', { a: optional(1, string), b: optional(1, string) })
    assert.throws(() => decode(twice, ''), /number 1 twice/)
  })
})

/** The outermost tag of `depth` alternating levels of `Plain` (field 10) and `Nested` (field 2) decides the schema. */
const depthOf = (depth: number): MessageSchema => (depth % 2 === 0 ? Nested : Plain)

function encodeRaw(tag: number, content: Uint8Array): Uint8Array {
  const length = content.length < 0x80 ? [content.length] : [(content.length & 0x7f) | 0x80, content.length >> 7]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
