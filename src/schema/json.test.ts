import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { int64, list, message, optional, pointer, required, string, uint32, uint64 } from './declare.js'
import { decodeJson } from './json.js'
import {
  ConfigMap,
  Container,
  Everything,
  JSONSchemaProps,
  Lease,
  ObjectMeta,
  Pod,
  PodCondition,
  PodList,
  PodSpec,
  ResourceFieldSelector,
} from './test-messages.js'
import type { MessageSchema } from './types.js'

const decode = (schema: MessageSchema, value: unknown) => decodeJson(schema, value)

describe('decodeJson', () => {
  const normal: readonly (readonly [string, MessageSchema, unknown, unknown])[] = [
    ['shows what is always there', Pod, {}, { metadata: {}, spec: { containers: null }, status: {} }],
    [
      'takes null for unset',
      Pod,
      { metadata: null, spec: null },
      { metadata: {}, spec: { containers: null }, status: {} },
    ],
    [
      'leaves out optional zeros',
      PodSpec,
      { containers: null, nodeName: '', hostNetwork: false, nodeSelector: {} },
      { containers: null },
    ],
    [
      'keeps zeros behind pointers',
      PodSpec,
      { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', securityContext: {} }] },
      { containers: [{ name: 'c', resources: {}, securityContext: {} }], terminationGracePeriodSeconds: 0 },
    ],
    ['writes a nullable field as null', PodCondition, {}, { type: '', status: '', lastProbeTime: null }],
    [
      'takes an empty required list for none, as its stored form does',
      PodSpec,
      { containers: [] },
      { containers: null },
    ],
    ['always has the items of a list', PodList, { items: null }, { metadata: {}, items: [] }],
    ['gives quantities a zero', ResourceFieldSelector, {}, { resource: '', divisor: '0' }],
    ['takes numbers for quantities', ResourceFieldSelector, { divisor: 1.5 }, { resource: '', divisor: '1500m' }],
    [
      'takes quantities to their canonical text',
      ResourceFieldSelector,
      { divisor: '0.5Gi' },
      { resource: '', divisor: '512Mi' },
    ],
    [
      'takes times to UTC',
      ObjectMeta,
      { creationTimestamp: '2024-01-01T01:30:00.75+01:30' },
      { creationTimestamp: '2024-01-01T00:00:00Z' },
    ],
    ['takes the zero time for unset', ObjectMeta, { creationTimestamp: '0001-01-01T00:00:00Z' }, {}],
    [
      'keeps microseconds',
      Lease,
      { spec: { renewTime: '2024-01-01T02:00:00.000120+02:00' } },
      { metadata: {}, spec: { renewTime: '2024-01-01T00:00:00.000120Z' } },
    ],
    ['takes null in a map for the zero of its values', ObjectMeta, { labels: { a: null } }, { labels: { a: '' } }],
    [
      'takes null in a list for an empty item',
      PodSpec,
      { containers: [null] },
      { containers: [{ name: '', resources: {} }] },
    ],
    [
      're-encodes base64',
      ConfigMap,
      { binaryData: { a: 'YR==', b: 'YW\nJj' } },
      { metadata: {}, binaryData: { a: 'YQ==', b: 'YWJj' } },
    ],
    [
      'decodes a choice by its form',
      JSONSchemaProps,
      { items: { type: 'a', nope: 1 }, additionalProperties: false },
      { items: { type: 'a' }, additionalProperties: false },
    ],
    ['decodes the other form of a choice', JSONSchemaProps, { items: [{ type: 'a' }] }, { items: [{ type: 'a' }] }],
    ['takes an empty list of a choice for nothing', JSONSchemaProps, { items: [] }, {}],
    ['keeps null among raw JSON', JSONSchemaProps, { enum: [null, 1, {}], default: null }, { enum: [null, 1, {}] }],
    [
      'has a zero for everything',
      Everything,
      {},
      {
        duration: '0s',
        raw: null,
        numbers: null,
        verbs: null,
        selector: null,
        template: { containerPort: 0 },
        nulls: null,
      },
    ],
    [
      'canonicalises durations',
      Everything,
      { duration: '90m' },
      { ...(decode(Everything, {}) as object), duration: '1h30m0s' },
    ],
    ['drops what differs in case', ObjectMeta, { Name: 'a', NAME: 'b' }, {}],
  ]
  for (const [what, schema, value, expected] of normal)
    it(what, () => {
      assert.deepEqual(decode(schema, value), expected)
    })

  it('writes fields in declared order behind kind, apiVersion and metadata, and maps sorted', () => {
    const sent = {
      status: {},
      spec: { nodeName: 'n', containers: [] },
      metadata: { labels: { b: '', a: '' } },
      apiVersion: 'v1',
      kind: 'Pod',
    }
    assert.equal(
      JSON.stringify(decode(Pod, sent)),
      '{"kind":"Pod","apiVersion":"v1","metadata":{"labels":{"a":"","b":""}},"spec":{"containers":null,"nodeName":"n"},"status":{}}',
    )
  })

  it('shares nothing with its input but raw JSON', () => {
    const sent = { metadata: { labels: { a: 'b' }, finalizers: ['x'] }, data: { a: 'b' } }
    const draft = decodeJson(ConfigMap, sent)
    draft.metadata.labels = { ...draft.metadata.labels, c: 'd' }
    draft.metadata.finalizers?.push('y')
    assert.deepEqual(sent, { metadata: { labels: { a: 'b' }, finalizers: ['x'] }, data: { a: 'b' } })
  })

  it('lets no key reach the prototype', () => {
    const sent = JSON.parse('{"__proto__":{"polluted":1},"data":{"__proto__":"a","constructor":"b"}}')
    const unknown: string[] = []
    const draft = decodeJson(ConfigMap, sent, { onUnknownField: path => unknown.push(path) })
    assert.deepEqual(unknown, ['__proto__'])
    assert.deepEqual(Object.entries(draft.data ?? {}), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    assert.equal(Object.getPrototypeOf(draft.data), Object.prototype)
    assert.equal((draft as { polluted?: number }).polluted, undefined)
  })

  const go = 'json: cannot unmarshal'
  const misfits: readonly (readonly [MessageSchema, unknown, string, string])[] = [
    [ConfigMap, { data: { a: 1 } }, 'data.a', `${go} number into Go struct field ConfigMap.data of type string`],
    [ConfigMap, { data: 'x' }, 'data', `${go} string into Go struct field ConfigMap.data of type map[string]string`],
    [
      ConfigMap,
      { metadata: { name: true } },
      'metadata.name',
      `${go} bool into Go struct field ObjectMeta.metadata.name of type string`,
    ],
    [
      ObjectMeta,
      { labels: { a: 1 } },
      'labels.a',
      `${go} number into Go struct field ObjectMeta.labels of type string`,
    ],
    [
      Pod,
      { spec: { containers: [{}, { securityContext: { runAsNonRoot: 'x' } }] } },
      'spec.containers[1].securityContext.runAsNonRoot',
      `${go} string into Go struct field SecurityContext.spec.containers.securityContext.runAsNonRoot of type bool`,
    ],
    [
      Pod,
      { spec: { containers: {} } },
      'spec.containers',
      `${go} object into Go struct field PodSpec.spec.containers of type []v1.Container`,
    ],
    [Pod, { spec: [] }, 'spec', `${go} array into Go struct field Pod.spec of type v1.PodSpec`],
    [Pod, 'x', '', `${go} string into Go value of type v1.Pod`],
    [
      Container,
      { ports: [{ containerPort: 1.5 }] },
      'ports[0].containerPort',
      `${go} number 1.5 into Go struct field ContainerPort.ports.containerPort of type int32`,
    ],
    [
      Container,
      { ports: [{ containerPort: 2 ** 31 }] },
      'ports[0].containerPort',
      `${go} number 2147483648 into Go struct field ContainerPort.ports.containerPort of type int32`,
    ],
    [
      Container,
      { livenessProbe: { httpGet: { port: true } } },
      'livenessProbe.httpGet.port',
      `${go} bool into Go struct field HTTPGetAction.livenessProbe.httpGet.port of type int32`,
    ],
    [ConfigMap, { binaryData: { a: '!!' } }, 'binaryData.a', 'illegal base64 data at input byte 0'],
    [
      ObjectMeta,
      { deletionTimestamp: 'soon' },
      'deletionTimestamp',
      'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
    ],
    [
      ResourceFieldSelector,
      { divisor: '1x' },
      'divisor',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      ResourceFieldSelector,
      { divisor: true },
      'divisor',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      JSONSchemaProps,
      { items: 1 },
      'items',
      `${go} number into Go struct field JSONSchemaProps.items of type v1.JSONSchemaPropsOrArray`,
    ],
    [Everything, { duration: '1 day' }, 'duration', 'time: invalid duration "1 day"'],
  ]
  for (const [schema, value, path, text] of misfits)
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => decode(schema, value), { name: 'DecodeError', path, message: text })
    })

  it('checks the ranges of integers', () => {
    const numbers = message('k8s.io.test.v1.Ranges', {
      signed: pointer(1, int64),
      small: pointer(2, uint32),
      large: pointer(3, uint64),
    })
    const largest = { signed: 2 ** 63, small: 2 ** 32 - 1, large: 2 ** 64 }
    assert.deepEqual(decode(numbers, largest), largest)
    assert.deepEqual(Object.is(decodeJson(numbers, { signed: -0 }).signed, 0), true)
    for (const value of [{ signed: 2 ** 64 }, { small: -1 }, { small: 2 ** 32 }, { large: -1 }, { signed: 0.5 }])
      assert.throws(() => decode(numbers, value), { name: 'DecodeError' }, JSON.stringify(value))
  })

  it('refuses values that nest too deep', () => {
    let value: unknown = {}
    for (let i = 0; i < 5000; i++) value = { properties: { a: value } }
    assert.throws(() => decode(JSONSchemaProps, value), { name: 'DecodeError', message: 'exceeded max depth' })
  })

  it('reports unknown fields in the order of the input, and drops them', () => {
    const unknown: string[] = []
    const sent = {
      nope: 1,
      spec: { containers: [{}, { foo: { bar: 1 }, ports: [{ x: 1, containerPort: 1 }] }], zzz: null },
      metadata: { managedFields: [{ fieldsV1: { anything: 1 }, y: 1 }] },
      'a.b': 1,
    }
    const draft = decodeJson(Pod, sent, { onUnknownField: path => unknown.push(path) })
    const expected = [
      'nope',
      'spec.containers[1].foo',
      'spec.containers[1].ports[0].x',
      'spec.zzz',
      'metadata.managedFields[0].y',
      'a.b',
    ]
    assert.deepEqual(unknown, expected)
    assert.equal('nope' in draft, false)
  })

  it('reports a hundred unknown fields at most', () => {
    let count = 0
    const sent = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 1]))
    decodeJson(ObjectMeta, sent, { onUnknownField: () => count++ })
    assert.equal(count, 100)
  })

  it('makes empty lists and maps of plain messages', () => {
    const plain = message('runtime.v1.Lists', {
      names: required(1, list(string)),
      others: optional(2, list(string)),
      kept: pointer(3, list(string)),
    })
    assert.deepEqual(decode(plain, { others: [], kept: [] }), { names: [], kept: [] })
  })
})
