import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { root } from '../../../machinery/path.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { validateValidation } from './validate-schema.js'

const check = (schema: JSONSchemaProps, hasStatus = false): string[] =>
  validateValidation({ openAPIV3Schema: schema }, hasStatus, root.child('v')).map(
    ({ field, message }) => `${field.replace('v.openAPIV3Schema', '~')}: ${message}`,
  )

const within = (spec: JSONSchemaProps): JSONSchemaProps => ({ type: 'object', properties: { a: spec } })
const text: JSONSchemaProps = { type: 'string' }
const rule = (source: string, more: object = {}) => ({ 'x-kubernetes-validations': [{ rule: source, ...more }] })
const hint =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
const shown = (source: string) =>
  JSON.stringify({
    Rule: source,
    Message: '',
    MessageExpression: '',
    Reason: null,
    FieldPath: '',
    OptionalOldSelf: null,
  })

describe('schemas of definitions', () => {
  const cases: readonly (readonly [string, JSONSchemaProps, readonly string[]])[] = [
    ['a good one', within({ type: 'array', items: text }), []],
    ['no type at the root', {}, ['~.type: Required value: must not be empty at the root']],
    ['another type at the root', text, ['~.type: Invalid value: "string": must be object at the root']],
    ['no type', within({}), ['~.properties[a].type: Required value: must not be empty for specified object fields']],
    [
      'an unknown type',
      within({ type: 'text' }),
      [
        '~.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
      ],
    ],
    ['a list of nothing', within({ type: 'array' }), ['~.properties[a].items: Required value: must be specified']],
    [
      'properties and values',
      within({ type: 'object', properties: { x: text }, additionalProperties: text }),
      ['~.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'unique items',
      within({ type: 'array', items: text, uniqueItems: true }),
      [
        '~.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ],
    ],
    [
      'types in logic',
      within({ ...text, anyOf: [{ type: 'string' }] }),
      ['~.properties[a].anyOf[0].type: Forbidden: must be empty to be structural'],
    ],
    [
      'logic of undeclared fields at the root',
      { type: 'object', anyOf: [{ properties: { x: { minLength: 1 } } }] },
      ['~.properties[x]: Required value: because it is defined in v.openAPIV3Schema.anyOf[0].properties[x]'],
    ],
    [
      'logic of undeclared fields below',
      within({ type: 'object', anyOf: [{ properties: { x: { minLength: 1 } } }] }),
      [],
    ],
    [
      'integers or texts, said in logic',
      within({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
      [],
    ],
    [
      'unknown fields of integers or texts',
      within({ 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true }),
      [
        '~.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
      ],
    ],
    [
      'values at the root',
      { type: 'object', additionalProperties: text },
      ['~.additionalProperties: Forbidden: must not be used at the root'],
    ],
    [
      'a reference, which hides what is not structural',
      within({ $ref: '#/x' }),
      ['~.properties[a].$ref: Forbidden: $ref is not supported'],
    ],
    [
      'a dialect of its own',
      { type: 'object', $schema: 'x' },
      [`~: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`],
    ],
    [
      'a default in metadata',
      { type: 'object', properties: { metadata: { type: 'object', properties: { name: { ...text, default: 'x' } } } } },
      ['~.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata'],
    ],
    [
      'what is not structural, in order',
      { type: 'object', properties: { b: {}, a: {} } },
      ['a', 'b'].map(
        name => `~.properties[${name}].type: Required value: must not be empty for specified object fields`,
      ),
    ],
    [
      'keys that are no fields, and twice',
      within({
        type: 'array',
        items: { type: 'object', properties: {} },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k', 'k'],
      }),
      [
        ...[
          'entries must all be names of item properties',
          'entries must all be names of item properties',
          'must not contain duplicate entries',
        ].map(detail => `~.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k","k"]: ${detail}`),
      ],
    ],
    [
      'keys of no map',
      within({
        type: 'array',
        items: { type: 'object', properties: { k: text }, required: ['k'] },
        'x-kubernetes-list-map-keys': ['k'],
      }),
      [
        '~.properties[a].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty',
      ],
    ],
    [
      'an unfit default',
      within({ type: 'integer', default: 'x' }),
      ['~.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"'],
    ],
    [
      'a default with unknown fields',
      within({ type: 'object', properties: {}, default: { x: 1 } }),
      ['~.properties[a].default: Invalid value: {"x":1}: must not have unknown fields'],
    ],
    [
      'a default that breaks a rule',
      within({ type: 'integer', default: 1, ...rule('self > 1') }),
      ['~.properties[a].default: Invalid value: 1: failed rule: self > 1'],
    ],
  ]
  for (const [name, schema, expected] of cases) it(name, () => assert.deepEqual(check(schema), expected))

  it('whose status is apart have an object at the root, and nothing that would be lost', () => {
    assert.deepEqual(check({ type: 'object', properties: {} }, true), [])
    assert.match(check({ type: 'object', oneOf: [{}] }, true)[0] ?? '', /fields are allowed at the root of the schema/)
  })
})

describe('expressions of definitions', () => {
  const list = (more: JSONSchemaProps, items: JSONSchemaProps = text): JSONSchemaProps =>
    within({ type: 'array', items, ...more })
  const at = '~.properties[a].x-kubernetes-validations[0]'
  const compileError = (source: string, detail: string) =>
    `${at}.rule: Invalid value: ${shown(source)}: compilation failed: ERROR: <input>:${detail}`
  const cases: readonly (readonly [string, JSONSchemaProps, readonly string[]])[] = [
    ['a good one', list({ maxItems: 10, ...rule("self.all(x, x.startsWith('a'))") }, { ...text, maxLength: 10 }), []],
    ['an empty one', within({ ...text, ...rule(' ') }), [`${at}.rule: Required value: rule is not specified`]],
    [
      'no boolean',
      within({ ...text, ...rule('1') }),
      [`${at}.rule: Invalid value: ${shown('1')}: cel expression must evaluate to a bool`],
    ],
    [
      'an unknown field',
      within({ type: 'object', properties: {}, ...rule('self.x') }),
      [compileError('self.x', "1:5: undefined field 'x'\n | self.x\n | ....^")],
    ],
    [
      'a message of lines',
      within({ ...text, ...rule('true', { message: 'a\nb' }) }),
      [`${at}.message: Invalid value: "a\\nb": message must not contain line breaks`],
    ],
    [
      'an unknown reason',
      within({ ...text, ...rule('true', { reason: 'Bad' }) }),
      [
        `${at}.reason: Unsupported value: "Bad": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
      ],
    ],
    [
      'a path to nowhere',
      within({ ...text, ...rule('true', { fieldPath: '.x' }) }),
      [`${at}.fieldPath: Invalid value: ".x": fieldPath must be a valid path`],
    ],
    [
      'an unbounded list twice over',
      list(rule('self.all(x, self.all(y, x == y))')),
      [
        `${at}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
        `${at}.rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
        `~: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
      ],
    ],
    [
      'old items without identity',
      list({}, { type: 'integer', ...rule('self == oldSelf') }),
      [
        `~.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within v.openAPIV3Schema.properties[a]`,
      ],
    ],
  ]
  for (const [name, schema, expected] of cases) it(name, () => assert.deepEqual(check(schema), expected))
})
