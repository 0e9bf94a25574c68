import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  everything,
  type LabelRequirement,
  nothing,
  parseLabelSelector,
  printLabelSelector,
  selectorFromLabels,
  selectorFromObject,
  selectorOf,
} from './labels.js'

const labels = { app: 'even', tier: 'a', has: '1', n: '10' }

describe('parsing and matching', () => {
  const cases: [string, boolean, string?][] = [
    ['', true],
    ['app=even', true],
    ['app==even', true],
    ['app!=even', false],
    ['app=even,has=1', true],
    ['has=1,app=even', true, 'app=even,has=1'],
    ['app in (even,odd)', true],
    ['app in (odd, even ,odd)', true, 'app in (even,odd)'],
    ['tier notin (b)', true],
    ['nope notin (b)', true],
    ['has', true],
    ['!has', false],
    ['!nope', true],
    ['nope!=x', true],
    ['app=', false],
    ['app=,has', false],
    ['app in ()', false],
    ['nope in (,a)', false],
    ['app in (,)', false, 'app in ()'],
    ['app in (a,,b)', false, 'app in (,a,b)'],
    ['n>9', true],
    ['n<9', false],
    ['app>1', false],
    ['in in (in)', false],
    ['notin', false],
    ['constructor', false],
    ['  app = even  ', true, 'app=even'],
  ]
  for (const [text, matches, printed = text] of cases) {
    it(JSON.stringify(text), () => {
      const selector = parseLabelSelector(text)
      assert.equal(selector.matches(labels), matches)
      assert.equal(String(selector), printed)
    })
  }
})

describe('faults', () => {
  const cases: [string, string][] = [
    ['app in (even', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['=x', "found '=', expected: !, identifier, or 'end of string'"],
    ['app=even,,has', "found ',', expected: identifier after ','"],
    ['app=even,', "found '', expected: identifier after ','"],
    ['app even', "unable to parse requirement: found 'even', expected: in, notin, =, ==, !=, gt, lt"],
    ['app=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!has=x', "found '=', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['app in even', "unable to parse requirement: found 'even' expected: '('"],
    ['app in (=)', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ['app=)', "unable to parse requirement: found ')', expected: identifier"],
    [
      'tier<x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    [
      'x/y/z=a',
      'unable to parse requirement: <nil>: Invalid value: "x/y/z": a valid label key must consist of alphanumeric' +
        " characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or" +
        " 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an" +
        " optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ],
  ]
  for (const [text, message] of cases) {
    it(JSON.stringify(text), () => assert.throws(() => parseLabelSelector(text), { message }))
  }
})

describe('selector objects', () => {
  it('absent selects nothing, empty everything', () => {
    assert.equal(selectorFromObject(undefined), nothing)
    assert.equal(nothing.matches(labels), false)
    assert.equal(selectorFromObject({}), everything)
    assert.equal(everything.matches(undefined), true)
  })

  it('joins labels and expressions', () => {
    const selector = selectorFromObject({
      matchLabels: { app: 'even' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['b', 'c'] },
        { key: 'has', operator: 'Exists' },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    })
    assert.equal(String(selector), 'app=even,!gone,has,tier notin (b,c)')
    assert.equal(selector.matches(labels), true)
    assert.equal(selector.matches({ ...labels, gone: '' }), false)
  })

  it('refuses unknown operators and missing values', () => {
    assert.throws(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Is' }] }), {
      message: '"Is" is not a valid label selector operator',
    })
    assert.throws(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'In' }] }), {
      message: "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    })
    assert.equal(printLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Is' }] }), '<error>')
    assert.equal(printLabelSelector({}), '<none>')
  })

  it('takes plain labels', () => {
    assert.equal(selectorFromLabels({ tier: 'a', app: 'even' }).matches(labels), true)
    assert.equal(String(selectorFromLabels({ tier: 'a', app: 'even' })), 'app=even,tier=a')
  })
})

it('prints a text that parses to the same selector', () => {
  const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,5}[a-z0-9])?$/).filter(text => text !== 'in' && text !== 'notin')
  const value = fc.stringMatching(/^([a-z0-9]{1,4})?$/)
  const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
    fc.record({ key: name, operator: fc.constantFrom('=', '==', '!='), values: fc.tuple(value) }),
    fc.record({ key: name, operator: fc.constantFrom('>', '<'), values: fc.tuple(fc.nat().map(String)) }),
    fc.record({ key: name, operator: fc.constantFrom('in', 'notin'), values: fc.array(value, { minLength: 1 }) }),
    fc.record({ key: name, operator: fc.constantFrom('exists', '!'), values: fc.constant([]) }),
  )
  const set = fc.dictionary(name, value)
  fc.assert(
    fc.property(fc.array(requirement), set, (requirements, some) => {
      const selector = selectorOf(requirements)
      const again = parseLabelSelector(String(selector))
      assert.deepEqual(again.requirements, selector.requirements)
      assert.equal(again.matches(some), selector.matches(some))
    }),
  )
})
