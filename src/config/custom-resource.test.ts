import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JSONSchemaProps } from '../api/apiextensions/v1/index.js'
import { PodTemplateSpec } from '../api/core/v1/index.js'
import {
  type AnySchema,
  bytes,
  defaulted,
  duration,
  embedded,
  type Field,
  type Infer,
  int32,
  intOrString,
  json,
  keyed,
  type LazySchema,
  lazy,
  list,
  map,
  message,
  nullable,
  optional,
  quantity,
  required,
  set,
  string,
  time,
} from '../schema/index.js'
import { customResource } from './custom-resource.js'
import { structuralSchema } from './structural-schema.js'

const port = message('Port', { number: required(int32), name: optional(string) })

describe('the structural schema of a field', () => {
  const schemaOf = (field: Field): JSONSchemaProps | undefined =>
    structuralSchema(message('M', { it: field as Field<AnySchema> })).properties?.['it']
  const table: [string, Field, JSONSchemaProps][] = [
    ['text', optional(string), { type: 'string' }],
    [
      'described text',
      optional(string, { description: 'It.', minLength: 1 }),
      { type: 'string', description: 'It.', minLength: 1 },
    ],
    ['one of some', optional(string, { enum: ['a', 'b'] }), { type: 'string', enum: ['a', 'b'] }],
    [
      'a number with bounds',
      defaulted(int32, 2, { minimum: 0 }),
      { type: 'integer', format: 'int32', default: 2, minimum: 0 },
    ],
    ['a time', optional(time), { type: 'string', format: 'date-time' }],
    ['a duration', optional(duration), { type: 'string' }],
    ['bytes', optional(bytes), { type: 'string', format: 'byte' }],
    ['int or string', optional(intOrString), { 'x-kubernetes-int-or-string': true }],
    ['anything', optional(json), { 'x-kubernetes-preserve-unknown-fields': true }],
    ['null', nullable(string), { type: 'string', nullable: true }],
    [
      'a list',
      optional(list(string)),
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' },
    ],
    ['a set', optional(set(string)), { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }],
    [
      'a keyed list',
      optional(keyed(port, ['number'])),
      {
        type: 'array',
        items: {
          type: 'object',
          properties: { number: { type: 'integer', format: 'int32' }, name: { type: 'string' } },
          required: ['number'],
        },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['number'],
      },
    ],
    ['a map', optional(map(string)), { type: 'object', additionalProperties: { type: 'string' } }],
    [
      'rules',
      optional(string, { rules: [{ rule: 'self != ""' }] }),
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'self != ""' }] },
    ],
    [
      'what is always there',
      embedded(message('E', { a: defaulted(int32, 1) })),
      { type: 'object', properties: { a: { type: 'integer', format: 'int32', default: 1 } }, default: {} },
    ],
  ]
  for (const [what, field, expected] of table) it(what, () => assert.deepEqual(schemaOf(field), expected))

  it('a list whose keys may be left out is replaced as a whole', () =>
    assert.equal(schemaOf(optional(keyed(port, ['name'])))?.['x-kubernetes-list-type'], 'atomic'))

  it('what refers to itself is open from there on', () => {
    interface Tree {
      readonly children?: readonly Tree[]
    }
    const tree: LazySchema<Tree> = lazy<Tree>(() => declared)
    const declared = message('Tree', { children: optional(list(tree)) })
    assert.deepEqual(structuralSchema(declared).properties?.['children']?.items, {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    })
  })

  it('takes built-in types', () => {
    const template = schemaOf(required(PodTemplateSpec))
    assert.equal(template?.properties?.['spec']?.properties?.['containers']?.type, 'array')
    assert.equal(template?.properties?.['metadata']?.type, 'object')
  })
})

const Website = customResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Website',
  shortNames: ['site'],
  spec: { html: required(string), replicas: defaulted(int32, 2), limits: optional(map(quantity)) },
  status: { ready: optional(int32), since: optional(time) },
  columns: {
    Replicas: '.spec.replicas',
    Ready: { path: '.status.ready', wide: true },
    Since: '.status.since',
    Cpu: '.spec.limits.cpu',
  },
})

describe('a custom resource', () => {
  it('is a kind', () => {
    assert.deepEqual(Website.gvk, { group: 'example.com', version: 'v1', kind: 'Website' })
    assert.deepEqual([Website.plural, Website.namespaced], ['websites', true])
  })

  it('has a definition', () => {
    const { metadata, spec } = Website.definition
    assert.equal(metadata?.name, 'websites.example.com')
    assert.deepEqual([spec.scope, spec.names.shortNames], ['Namespaced', ['site']])
    const [version] = spec.versions
    assert.deepEqual(version?.subresources, { status: {} })
    const { openAPIV3Schema: schema } = version?.schema ?? {}
    assert.deepEqual(Object.keys(schema?.properties ?? {}), ['spec', 'status'])
    assert.deepEqual(schema?.properties?.['spec']?.required, ['html'])
    assert.deepEqual(
      version?.additionalPrinterColumns?.map(({ name, type, priority }) => [name, type, priority]),
      [
        ['Replicas', 'integer', undefined],
        ['Ready', 'integer', 1],
        ['Since', 'date', undefined],
        ['Cpu', 'string', undefined],
        ['Age', 'date', undefined],
      ],
    )
  })

  it('has types', () => {
    const site = { metadata: {}, spec: { html: '', replicas: 2 } } satisfies Infer<typeof Website>
    const { html, replicas }: { html: string; replicas: number } = site.spec
    // @ts-expect-error: there is no such field
    void ({ html, replicas, ...site.spec } satisfies Infer<typeof Website>['spec']).color
  })

  it('refuses columns that lead nowhere', () =>
    assert.throws(
      () => customResource({ group: 'e.com', version: 'v1', kind: 'X', spec: {}, columns: { A: '.spec.a' } }),
      /column A: \.spec\.a is no field; write it as in \.spec\.replicas/,
    ))
})
