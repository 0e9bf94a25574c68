import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JSONSchemaProps } from '../v1/index.js'
import { compileDefaults } from './defaults.js'
import { formats } from './formats.js'
import { compilePrune } from './prune.js'
import { compileRules } from './rules.js'
import { compileShape } from './shape.js'
import { compileListCheck } from './validate-lists.js'
import { compileCheck } from './validate-value.js'

const text: JSONSchemaProps = { type: 'string' }
const object = (
  properties: { readonly [name: string]: JSONSchemaProps },
  more: JSONSchemaProps = {},
): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
})

describe('pruning', () => {
  const keeps = { 'x-kubernetes-preserve-unknown-fields': true } as const
  const cases: readonly (readonly [string, JSONSchemaProps, unknown, unknown, readonly string[]])[] = [
    ['drops what is unknown', object({ a: text }), { a: 'x', b: 1 }, { a: 'x' }, ['b']],
    [
      'goes into lists',
      object({ l: { type: 'array', items: object({ a: text }) } }),
      { l: [{ b: 1 }] },
      { l: [{}] },
      ['l[0].b'],
    ],
    [
      'goes into maps',
      { type: 'object', additionalProperties: object({ a: text }) },
      { k: { b: 1 } },
      { k: {} },
      ['k.b'],
    ],
    [
      'keeps what is to be kept',
      object({ a: object({ x: text }) }, keeps),
      { a: { y: 1 }, b: { c: 1 } },
      { a: {}, b: { c: 1 } },
      ['a.y'],
    ],
    [
      'drops nulls that may not be',
      object({ a: text, b: { ...text, nullable: true } }),
      { a: null, b: null },
      { b: null },
      [],
    ],
    ['leaves nulls to their defaults', object({ a: { ...text, default: 'x' } }), { a: null }, { a: null }, []],
    [
      'takes metadata of objects within for what they are',
      object({ e: { type: 'object', 'x-kubernetes-embedded-resource': true, ...keeps } }),
      { e: { kind: 'X', metadata: { name: 'x', more: 1 }, other: 1 } },
      { e: { kind: 'X', metadata: { name: 'x' }, other: 1 } },
      ['e.metadata.more'],
    ],
    ['leaves other types alone', object({ a: object({}) }), { a: 'x' }, { a: 'x' }, []],
  ]
  for (const [name, schema, value, expected, dropped] of cases)
    it(name, () => {
      const unknown: string[] = []
      assert.deepEqual(
        compilePrune(schema)(value, '', path => unknown.push(path)),
        expected,
      )
      assert.deepEqual(unknown, dropped)
    })

  it('keeps what every object has', () => {
    const value = { apiVersion: 'v1', kind: 'X', metadata: { any: 1 }, x: 1 }
    const { x: _, ...kept } = value
    assert.deepEqual(
      compilePrune(object({}), true)(value, '', () => {}),
      kept,
    )
  })
})

describe('defaults', () => {
  const port = object({ port: { type: 'integer', default: 80 } })
  const cases: readonly (readonly [string, JSONSchemaProps, unknown, unknown])[] = [
    ['fill what is missing', port, {}, { port: 80 }],
    ['leave what is there', port, { port: 0 }, { port: 0 }],
    ['take the place of nulls', port, { port: null }, { port: 80 }],
    ['fill what a default made', object({ a: { ...port, default: {} } }), {}, { a: { port: 80 } }],
    ['make no objects of their own', object({ a: port }), {}, {}],
    [
      'go into lists',
      object({ l: { type: 'array', items: port } }),
      { l: [{}, { port: 1 }] },
      { l: [{ port: 80 }, { port: 1 }] },
    ],
    ['go into maps', { type: 'object', additionalProperties: port }, { k: {} }, { k: { port: 80 } }],
  ]
  for (const [name, schema, value, expected] of cases)
    it(name, () => {
      assert.equal(compileShape(schema)(value), JSON.stringify(value) === JSON.stringify(expected))
      compileDefaults(schema)?.(value)
      assert.deepEqual(value, expected)
    })
})

describe('value rules', () => {
  const number = (more: JSONSchemaProps): JSONSchemaProps => object({ n: { type: 'number', ...more } })
  const cases: readonly (readonly [string, JSONSchemaProps, unknown, readonly string[]])[] = [
    [
      'types',
      object({ a: { type: 'integer' } }),
      { a: 'x' },
      ['a: Invalid value: "string": a in body must be of type integer: "string"'],
    ],
    ['whole numbers', object({ a: { type: 'number' } }), { a: 1 }, []],
    [
      'int or string',
      object({ a: { 'x-kubernetes-int-or-string': true } }),
      { a: 1.5 },
      ['a: Invalid value: "number": a in body must be of type integer,string: "number"'],
    ],
    ['the root', { type: 'object' }, [], ['<nil>: Invalid value: "array":  in body must be of type object: "array"']],
    ['required', object({}, { required: ['a', 'b'] }), { a: 1 }, ['b: Required value']],
    [
      'minLength',
      object({ a: { ...text, minLength: 2 } }),
      { a: 'é' },
      ['a: Invalid value: "é": a in body should be at least 2 chars long'],
    ],
    [
      'pattern',
      object({ a: { ...text, pattern: '^a+$' } }),
      { a: 'b' },
      ['a: Invalid value: "b": a in body should match \'^a+$\''],
    ],
    [
      'exclusive bounds',
      number({ minimum: 1, exclusiveMinimum: true }),
      { n: 1 },
      ['n: Invalid value: 1: n in body should be greater than 1'],
    ],
    [
      'several bounds',
      number({ maximum: 1, multipleOf: 2 }),
      { n: 3 },
      [
        'n: Invalid value: 3: n in body should be a multiple of 2',
        'n: Invalid value: 3: n in body should be less than or equal to 1',
      ],
    ],
    ['fractions', number({ multipleOf: 0.1 }), { n: 0.3 }, []],
    [
      'minItems',
      object({ l: { type: 'array', items: text, minItems: 1 } }),
      { l: [] },
      ['l: Invalid value: 0: l in body should have at least 1 items'],
    ],
    ['enums', object({ a: { enum: ['x', 1] } }), { a: 2 }, ['a: Unsupported value: 2: supported values: "x", "1"']],
    [
      'anyOf',
      object({ a: { ...text, anyOf: [{ minLength: 2 }, { pattern: 'x' }] } }),
      { a: 'b' },
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: "b": a in body should be at least 2 chars long',
      ],
    ],
    [
      'allOf',
      object({ a: { ...text, allOf: [{ minLength: 2 }, { minLength: 1 }] } }),
      { a: 'b' },
      [
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)',
        'a: Invalid value: "b": a in body should be at least 2 chars long',
      ],
    ],
    [
      'not',
      object({ a: { ...text, not: { enum: ['x'] } } }),
      { a: 'x' },
      ['<nil>: Invalid value: "": "a" must not validate the schema (not)'],
    ],
    [
      'minProperties',
      object({ a: { type: 'object', minProperties: 1 } }),
      { a: {} },
      ['a: Invalid value: 1: a in body should have at least 1 properties'],
    ],
  ]
  for (const [name, schema, value, expected] of cases)
    it(name, () =>
      assert.deepEqual(
        compileCheck(schema)(value, '').map(({ field, message }) => `${field}: ${message}`),
        expected,
      ),
    )

  it('says nothing of what has not changed', () => {
    const check = compileCheck(object({ a: { ...text, maxLength: 1 }, b: text }))
    assert.deepEqual(check({ a: 'xx', b: 'y' }, '', { a: 'xx', b: 'x' }), [])
    assert.equal(check({ a: 'xxx' }, '', { a: 'xx' }).length, 1)
  })

  it('finds the items of a list by their keys', () => {
    const items = object({ k: text, v: { ...text, maxLength: 1 } })
    const list: JSONSchemaProps = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items,
    }
    const check = compileCheck(object({ l: list }))
    const old = { l: [{ k: 'a', v: 'xx' }] }
    assert.deepEqual(
      check(
        {
          l: [
            { k: 'b', v: 'x' },
            { k: 'a', v: 'xx' },
          ],
        },
        '',
        old,
      ),
      [],
    )
    assert.equal(check({ l: [{ k: 'b', v: 'xx' }] }, '', old).length, 1)
  })
})

describe('fields with names that every object knows', () => {
  it('are fields like any other', () => {
    const schema = object({ constructor: text, ['__proto__']: { ...text, default: 'x' } }, { required: ['toString'] })
    const value = compilePrune(schema)(JSON.parse('{"toString": 1}'), '', () => {})
    assert.deepEqual(value, {})
    compileDefaults(schema)?.(value)
    assert.equal(JSON.stringify(value), '{"__proto__":"x"}')
    const errors = compileCheck(schema)(value, '')
    assert.deepEqual(
      errors.map(({ field }) => field),
      ['toString'],
    )
  })
})

describe('lists', () => {
  it('of sets and maps have distinct items', () => {
    const set: JSONSchemaProps = { type: 'array', 'x-kubernetes-list-type': 'set', items: text }
    const map: JSONSchemaProps = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k', 'p'],
      items: object({ k: text, p: { ...text, default: 'TCP' } }),
    }
    const check = compileListCheck(object({ set, map }))
    const errors = check?.({ set: ['a', 'b', 'a'], map: [{ k: 'x' }, { k: 'x', p: 'UDP' }, { p: 'TCP', k: 'x' }] }, '')
    assert.deepEqual(
      errors?.map(({ field, message }) => `${field}: ${message}`),
      ['set[2]: Duplicate value: "a"', 'map[2]: Duplicate value: {"k":"x","p":"TCP"}'],
    )
  })
})

describe('expressions', () => {
  const rule = (source: string, more: object = {}) => ({ 'x-kubernetes-validations': [{ rule: source, ...more }] })
  const cases: readonly (readonly [string, JSONSchemaProps, unknown, unknown, readonly string[]])[] = [
    [
      'see the identity of the object',
      object({}, rule("self.metadata.name == 'a'")),
      { metadata: { name: 'b' } },
      undefined,
      ["<nil>: Invalid value: failed rule: self.metadata.name == 'a'"],
    ],
    [
      'escape names',
      object({ 'a-b': text, in: text }, rule('self.a__dash__b == self.__in__')),
      { 'a-b': 'x', in: 'x' },
      undefined,
      [],
    ],
    [
      'compare sets',
      object({ s: { type: 'array', 'x-kubernetes-list-type': 'set', items: text, ...rule('self == oldSelf') } }),
      { s: ['a', 'b'] },
      { s: ['b', 'a'] },
      [],
    ],
    [
      'read times',
      object({ t: { ...text, format: 'date-time', ...rule('self > timestamp("2020-01-01T00:00:00Z")') } }),
      { t: '2021-01-01T00:00:00Z' },
      undefined,
      [],
    ],
    [
      'read int or string',
      object({
        p: { 'x-kubernetes-int-or-string': true, ...rule("type(self) == int ? self < 10 : self.endsWith('%')") },
      }),
      { p: '5' },
      undefined,
      [`p: Invalid value: "5": failed rule: type(self) == int ? self < 10 : self.endsWith('%')`],
    ],
    [
      'tell what is missing',
      object({ a: text }, rule("self.a == 'x'")),
      {},
      undefined,
      ["<nil>: Invalid value: no such key: a evaluating rule: self.a == 'x'"],
    ],
    [
      'fall back from a message that cannot be made',
      object({ a: text }, rule('false', { message: 'plain', messageExpression: 'self.a' })),
      {},
      undefined,
      ['<nil>: Invalid value: plain'],
    ],
    [
      'are asked of every value of a map',
      { type: 'object', additionalProperties: { type: 'integer', ...rule('self < 2') } },
      { a: 1, b: 2 },
      undefined,
      ['[b]: Invalid value: 2: failed rule: self < 2'],
    ],
    [
      'say nothing of what stays',
      object({ a: { ...text, ...rule("self == 'x'") }, b: text }),
      { a: 'y', b: '2' },
      { a: 'y', b: '1' },
      [],
    ],
  ]
  for (const [name, schema, value, old, expected] of cases)
    it(name, () =>
      assert.deepEqual(
        compileRules(schema)?.(value, old).map(({ field, message }) => `${field}: ${message}`),
        expected,
      ),
    )

  it('end when they have cost too much', () => {
    const items: JSONSchemaProps = { type: 'integer' }
    const list: JSONSchemaProps = {
      type: 'array',
      items,
      ...rule('self.all(a, self.all(b, self.all(c, a + b + c > 0)))'),
    }
    const numbers = Array.from({ length: 100 }, () => 1)
    const [error] = compileRules(object({ l: list }))?.({ l: numbers }) ?? []
    assert.match(error?.message ?? '', /no further validation rules will be run due to call cost exceeds limit/)
  })
})

describe('formats', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['date', ['2024-02-29'], ['2023-02-29', '24-1-1']],
    ['date-time', ['2024-01-01T00:00:00Z', '2024-01-01t00:00:00.5+01:00'], ['noon', '2024-01-01']],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123']],
    ['ipv4', ['10.0.0.1'], ['::1', '10.0.0.300']],
    ['cidr', ['10.0.0.0/8'], ['10.0.0.0']],
    ['email', ['a@b.example'], ['a']],
    ['mac', ['01:23:45:67:89:ab'], ['01:23']],
    ['duration', ['1h', '2 days'], ['soon']],
    ['byte', ['YQ=='], ['a']],
    ['creditcard', ['4111111111111111'], ['4111111111111112']],
    ['isbn', ['0-306-40615-2', '9780306406157'], ['123']],
  ]
  for (const [format, good, bad] of cases)
    it(format, () => {
      for (const value of good) assert.equal(formats.get(format)?.(value), true, value)
      for (const value of bad) assert.equal(formats.get(format)?.(value), false, value)
    })
})
