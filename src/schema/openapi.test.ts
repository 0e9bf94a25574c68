import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bytes,
  embedded,
  inline,
  int32,
  int64,
  intOrString,
  keyed,
  list,
  map,
  message,
  nullable,
  optional,
  pointer,
  quantity,
  rawExtension,
  required,
  set,
  string,
  time,
} from './declare.js'
import { openApiName, openapiV2Definition, openapiV2Definitions, openapiV3Schema, openapiV3Schemas } from './openapi.js'
import {
  Container,
  ContainerPort,
  JSONSchemaProps,
  JSONSchemaPropsOrBool,
  LabelSelector,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodList,
  PodSpec,
} from './test-messages.js'
import type { AnySchema, Field } from './types.js'

const core = 'io.k8s.api.core.v1'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

describe('openApiName', () => {
  const names: readonly (readonly [string, string])[] = [
    ['k8s.io.api.core.v1.Pod', 'io.k8s.api.core.v1.Pod'],
    ['k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    [
      'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
    ],
    [
      'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIService',
      'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
    ],
    ['com.example.Widget', 'com.example.Widget'],
  ]
  for (const [name, expected] of names) it(name, () => assert.equal(openApiName(name), expected))
})

describe('properties', () => {
  const port = (options = {}) => ContainerPort.fields['protocol'] && { ...ContainerPort.fields['protocol'], ...options }
  const ref3 = (name: string) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] })
  const ref2 = (name: string) => ({ $ref: `#/definitions/${name}` })
  const table: readonly (readonly [string, Field | undefined, object, object])[] = [
    [
      'an enumeration with a default',
      port(),
      { type: 'string', enum: ['SCTP', 'TCP', 'UDP'] },
      { type: 'string', enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' },
    ],
    [
      'a required number',
      required(1, int32),
      { type: 'integer', format: 'int32' },
      { type: 'integer', format: 'int32', default: 0 },
    ],
    [
      'a number always written',
      embedded(1, int64),
      { type: 'integer', format: 'int64' },
      { type: 'integer', format: 'int64', default: 0 },
    ],
    ['an optional string', optional(1, string), { type: 'string' }, { type: 'string' }],
    [
      'an optional string with an empty default',
      optional(1, string, { default: '' }),
      { type: 'string' },
      { type: 'string', default: '' },
    ],
    [
      'a required string behind a pointer',
      required(1, string, { nullable: true }),
      { type: 'string' },
      { type: 'string' },
    ],
    ['an embedded message', embedded(1, PodSpec), ref2(`${core}.PodSpec`), { ...ref3(`${core}.PodSpec`), default: {} }],
    ['a pointer to a message', pointer(1, LabelSelector), ref2(`${meta}.LabelSelector`), ref3(`${meta}.LabelSelector`)],
    [
      'a message required behind a pointer',
      required(1, LabelSelector, { nullable: true }),
      ref2(`${meta}.LabelSelector`),
      ref3(`${meta}.LabelSelector`),
    ],
    ['a time', nullable(1, time), ref2(`${meta}.Time`), ref3(`${meta}.Time`)],
    [
      'an int-or-string',
      required(1, intOrString),
      ref2('io.k8s.apimachinery.pkg.util.intstr.IntOrString'),
      ref3('io.k8s.apimachinery.pkg.util.intstr.IntOrString'),
    ],
    [
      'a raw object',
      required(1, rawExtension),
      ref2('io.k8s.apimachinery.pkg.runtime.RawExtension'),
      ref3('io.k8s.apimachinery.pkg.runtime.RawExtension'),
    ],
    [
      'quantities by name',
      optional(1, map(quantity)),
      { type: 'object', additionalProperties: ref2('io.k8s.apimachinery.pkg.api.resource.Quantity') },
      {
        type: 'object',
        additionalProperties: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' },
      },
    ],
    [
      'an atomic map',
      optional(1, map(string, { atomic: true })),
      { type: 'object', additionalProperties: { type: 'string' }, 'x-kubernetes-map-type': 'atomic' },
      { type: 'object', additionalProperties: { type: 'string', default: '' }, 'x-kubernetes-map-type': 'atomic' },
    ],
    [
      'an atomic message owned field by field',
      pointer(1, OwnerReference, { granular: true }),
      { ...ref2(`${meta}.OwnerReference`), 'x-kubernetes-map-type': 'granular' },
      { ...ref3(`${meta}.OwnerReference`), 'x-kubernetes-map-type': 'granular' },
    ],
    [
      'a list of messages by name',
      required(1, keyed(Container, ['name'], 'name', 'merge')),
      {
        type: 'array',
        items: ref2(`${core}.Container`),
        'x-kubernetes-list-map-keys': ['name'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'name',
        'x-kubernetes-patch-strategy': 'merge',
      },
      {
        type: 'array',
        items: { ...ref3(`${core}.Container`), default: {} },
        'x-kubernetes-list-map-keys': ['name'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'name',
        'x-kubernetes-patch-strategy': 'merge',
      },
    ],
    [
      'a set that merges',
      optional(1, set(string, 'merge')),
      {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-list-type': 'set',
        'x-kubernetes-patch-strategy': 'merge',
      },
      {
        type: 'array',
        items: { type: 'string', default: '' },
        'x-kubernetes-list-type': 'set',
        'x-kubernetes-patch-strategy': 'merge',
      },
    ],
    [
      'a list without a type',
      optional(1, list(string, { type: 'none' })),
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'string', default: '' } },
    ],
    [
      'bytes that are replaced as a whole',
      optional(1, bytes, { listType: 'atomic' }),
      { type: 'string', format: 'byte', 'x-kubernetes-list-type': 'atomic' },
      { type: 'string', format: 'byte', 'x-kubernetes-list-type': 'atomic' },
    ],
    [
      'a message that merges',
      pointer(1, PodSpec, { patch: 'retainKeys' }),
      { ...ref2(`${core}.PodSpec`), 'x-kubernetes-patch-strategy': 'retainKeys' },
      { ...ref3(`${core}.PodSpec`), 'x-kubernetes-patch-strategy': 'retainKeys' },
    ],
  ]
  for (const [what, field, v2, v3] of table)
    it(what, () => {
      const owner = message('k8s.io.test.v1.Owner', { it: field as Field<AnySchema> })
      assert.deepEqual((openapiV2Definition(owner)['properties'] as { it: unknown }).it, v2)
      assert.deepEqual((openapiV3Schema(owner)['properties'] as { it: unknown }).it, v3)
    })
})

describe('messages', () => {
  it('list what is required in declared order', () => {
    const owner = message('k8s.io.test.v1.Required', {
      z: required(1, string),
      a: required(2, string),
      written: embedded(3, int32),
      must: optional(4, string, { required: true }),
      spec: embedded(5, PodSpec, { required: true }),
    })
    assert.deepEqual(openapiV3Schema(owner)['required'], ['z', 'a', 'must', 'spec'])
    assert.deepEqual(Object.keys(openapiV3Schema(owner)['properties'] as object), ['a', 'must', 'spec', 'written', 'z'])
    assert.deepEqual(openapiV2Definition(PodSpec)['required'], ['containers'])
  })

  it('say their kind, and that they are atomic', () => {
    assert.deepEqual(openapiV3Schema(Pod)['x-kubernetes-group-version-kind'], [
      { group: '', kind: 'Pod', version: 'v1' },
    ])
    assert.equal(openapiV3Schema(OwnerReference)['x-kubernetes-map-type'], 'atomic')
    const kinds = [{ group: 'apps', version: 'v1', kind: 'DeleteOptions' }]
    assert.deepEqual(openapiV3Schema(ObjectMeta, { kinds: () => kinds })['x-kubernetes-group-version-kind'], kinds)
  })

  it('say which fields exclude each other', () => {
    const unions = [{ discriminator: 'type', fields: { limited: 'Limited' } }, { fields: { a: 'A' } }]
    assert.deepEqual(openapiV3Schema(message('k8s.io.test.v1.Union', {}, { unions })), {
      type: 'object',
      'x-kubernetes-unions': [
        { discriminator: 'type', 'fields-to-discriminateBy': { limited: 'Limited' } },
        { 'fields-to-discriminateBy': { a: 'A' } },
      ],
    })
  })

  it('take descriptions from whoever has them', () => {
    const describeIt = (name: string, field?: string) =>
      field === 'spec' ? `spec of ${name}` : field ? undefined : 'A pod.'
    const schema = openapiV3Schema(Pod, { describe: describeIt })
    assert.equal(schema['description'], 'A pod.')
    const { spec, status } = schema['properties'] as { [name: string]: { description?: string } }
    assert.equal(spec?.description, 'spec of io.k8s.api.core.v1.Pod')
    assert.equal(status?.description, undefined)
  })

  it('of any JSON form have no type', () => {
    assert.deepEqual(openapiV3Schema(JSONSchemaPropsOrBool), {})
  })
})

describe('definitions', () => {
  it('bring everything they refer to, sorted', () => {
    for (const [all, prefix] of [
      [openapiV2Definitions([PodList, JSONSchemaProps]), '#/definitions/'],
      [openapiV3Schemas([PodList, JSONSchemaProps]), '#/components/schemas/'],
    ] as const) {
      const names = Object.keys(all)
      assert.deepEqual(names, names.toSorted())
      const references = JSON.stringify(all).match(/"\$ref":"[^"]*"/g) ?? []
      assert.ok(references.length > 20)
      for (const reference of references) {
        const name = (JSON.parse(`{${reference}}`) as { $ref: string }).$ref.slice(prefix.length)
        assert.ok(name in all, name)
      }
    }
  })

  it('leave out what is only inlined, but not what that refers to', () => {
    const port = message('k8s.io.test.v1.Port', { at: optional(1, time) })
    const source = message('k8s.io.test.v1.Source', { port: pointer(1, port) })
    const volume = message('k8s.io.test.v1.Volume', { name: required(1, string), source: inline(2, source) })
    assert.deepEqual(Object.keys(openapiV3Schemas([volume])), [
      'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
      'io.k8s.test.v1.Port',
      'io.k8s.test.v1.Volume',
    ])
  })

  it('of scalars that have a name are as upstream has them', () => {
    const v2 = openapiV2Definitions([PodList, JSONSchemaProps])
    const v3 = openapiV3Schemas([PodList, JSONSchemaProps])
    assert.deepEqual(v2['io.k8s.apimachinery.pkg.api.resource.Quantity'], { type: 'string' })
    assert.deepEqual(v3['io.k8s.apimachinery.pkg.api.resource.Quantity'], {
      oneOf: [{ type: 'string' }, { type: 'number' }],
    })
    assert.deepEqual(v2['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], { type: 'string', format: 'int-or-string' })
    assert.deepEqual(v3['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], {
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    })
    assert.deepEqual(v3[`${meta}.Time`], { type: 'string', format: 'date-time' })
    assert.deepEqual(v3[`${meta}.FieldsV1`], { type: 'object' })
    assert.deepEqual(v3['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'], {})
  })
})
