import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as errors from './field-errors.js'
import { goQuote, goValue } from './go-format.js'
import { root } from './path.js'
import { validateAnnotations, validateLabelSelector, validateLabels } from './validate-labels.js'

const at = root.child('spec', 'containers').index(0).child('limits').key('cpu')

describe('forms', () => {
  const cases: [{ reason: string; message: string }, string, string][] = [
    [errors.required(at), 'FieldValueRequired', 'Required value'],
    [
      errors.required(at, 'must specify a volume type'),
      'FieldValueRequired',
      'Required value: must specify a volume type',
    ],
    [errors.invalidValue(at, 'x', 'must be set'), 'FieldValueInvalid', 'Invalid value: "x": must be set'],
    [errors.invalidValue(at, -1, 'bad'), 'FieldValueInvalid', 'Invalid value: -1: bad'],
    [errors.invalidValue(at, null, 'bad'), 'FieldValueInvalid', 'Invalid value: null: bad'],
    [errors.invalidValue(at, true, 'bad'), 'FieldValueInvalid', 'Invalid value: true: bad'],
    [errors.invalidValue(at, { a: '<x>' }, 'bad'), 'FieldValueInvalid', 'Invalid value: {"a":"\\u003cx\\u003e"}: bad'],
    [errors.invalidValue(at, ['a', 'b'], 'bad'), 'FieldValueInvalid', 'Invalid value: ["a","b"]: bad'],
    [errors.invalidValue(at, new errors.Shown('{"A":1}'), 'bad'), 'FieldValueInvalid', 'Invalid value: {"A":1}: bad'],
    [errors.invalidValue(at, errors.omitted, 'bad'), 'FieldValueInvalid', 'Invalid value: bad'],
    [
      errors.invalidValue(at, errors.sortedMap({ b: '1', a: '2' }), 'bad'),
      'FieldValueInvalid',
      'Invalid value: {"a":"2","b":"1"}: bad',
    ],
    [
      errors.notSupported(at, 'ICMP', ['SCTP', 'TCP']),
      'FieldValueNotSupported',
      'Unsupported value: "ICMP": supported values: "SCTP", "TCP"',
    ],
    [errors.notSupported(at, 'x', []), 'FieldValueNotSupported', 'Unsupported value: "x"'],
    [errors.duplicate(at, 'a'), 'FieldValueDuplicate', 'Duplicate value: "a"'],
    [errors.duplicate(at, { k: 'a' }, 'again'), 'FieldValueDuplicate', 'Duplicate value: {"k":"a"}: again'],
    [errors.notFoundField(at, 'nope'), 'FieldValueNotFound', 'Not found: "nope"'],
    [errors.forbiddenField(at, 'no'), 'FieldValueForbidden', 'Forbidden: no'],
    [errors.tooLong(at, 5), 'FieldValueTooLong', 'Too long: may not be more than 5 bytes'],
    [errors.tooMany(at, 3, 2), 'FieldValueTooMany', 'Too many: 3: must have at most 2 items'],
    [errors.tooMany(at, 2, 1), 'FieldValueTooMany', 'Too many: 2: must have at most 1 item'],
    [
      errors.typeInvalid(at, 'string', 'must be of type integer'),
      'FieldValueTypeInvalid',
      'Invalid value: "string": must be of type integer',
    ],
  ]
  for (const [error, reason, message] of cases) {
    it(message, () => assert.deepEqual(error, { reason, field: 'spec.containers[0].limits[cpu]', message }))
  }

  it('names no field as <nil>', () => assert.equal(errors.required(root).field, '<nil>'))

  it('joins several in brackets', () => {
    assert.equal(
      errors.joinErrors([errors.required('a'), errors.required('b')]),
      '[a: Required value, b: Required value]',
    )
    assert.equal(errors.joinErrors([errors.required('a')]), 'a: Required value')
  })
})

it('quotes as upstream does', () => {
  assert.equal(goQuote('a"b\\c\n\x01\u00a0é\u{1F600}\u200b'), '"a\\"b\\\\c\\n\\x01\\u00a0é\u{1F600}\\u200b"')
  assert.equal(
    goValue({ b: [1, 'x', null], a: { c: true }, n: 1.5, big: 1e21 }),
    'map[a:map[c:true] b:[1 x <nil>] big:1e+21 n:1.5]',
  )
})

describe('labels and selectors', () => {
  it('names the faulty ones', () => {
    assert.deepEqual(
      validateLabels({ 'a b': 'c', ok: 'x y' }, root.child('metadata', 'labels')).map(error =>
        error.message.slice(0, 24),
      ),
      ['Invalid value: "a b": na', 'Invalid value: "x y": a '],
    )
  })

  it('limits the size of annotations', () => {
    const [error] = validateAnnotations({ a: 'x'.repeat(256 * 1024) }, root.child('metadata', 'annotations'))
    assert.deepEqual(error, errors.tooLong('metadata.annotations', 262144))
    assert.deepEqual(validateAnnotations({ a: 'x'.repeat(256 * 1024 - 1) }, root), [])
  })

  it('checks expressions', () => {
    const found = validateLabelSelector(
      {
        matchExpressions: [
          { key: 'a', operator: 'Is' },
          { key: 'b', operator: 'In' },
          { key: 'c', operator: 'Exists', values: ['x'] },
          { key: 'd', operator: 'In', values: ['x y'] },
        ],
      },
      root.child('spec', 'selector'),
    )
    assert.deepEqual(
      found.map(error => `${error.field}: ${error.message}`.slice(0, 80)),
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        "spec.selector.matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        "spec.selector.matchExpressions[2].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        'spec.selector.matchExpressions[3].values[0]: Invalid value: "x y": a valid label must be',
      ].map(text => text.slice(0, 80)),
    )
  })
})
