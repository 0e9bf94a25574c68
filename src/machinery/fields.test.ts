import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fieldSelectorOf, parseFieldSelector } from './fields.js'

const pod: { readonly [field: string]: string } = { 'metadata.name': 'a', 'status.phase': 'Pending' }
const get = (field: string): string => pod[field] ?? ''

describe('parsing and matching', () => {
  const cases: [string, boolean, string?][] = [
    ['', true],
    ['metadata.name=a', true],
    ['metadata.name==a', true, 'metadata.name=a'],
    ['metadata.name!=a', false],
    ['status.phase!=Running', true],
    ['spec.nodeName=', true],
    ['status.phase=Pending,metadata.name=a', true, 'metadata.name=a,status.phase=Pending'],
    [',metadata.name=a,', true, 'metadata.name=a'],
    ['x=\\,\\=\\\\', false],
    ['=x', false],
  ]
  for (const [text, matches, printed = text] of cases) {
    it(JSON.stringify(text), () => {
      const selector = parseFieldSelector(text)
      assert.equal(selector.matches(get), matches)
      assert.equal(String(selector), printed)
    })
  }

  it('knows the values it asks for', () => {
    const selector = parseFieldSelector('metadata.name=a,status.phase!=x')
    assert.equal(selector.requiredValue('metadata.name'), 'a')
    assert.equal(selector.requiredValue('status.phase'), undefined)
  })
})

describe('faults', () => {
  const cases: [string, string][] = [
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name in (a)', "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'"],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\n', 'invalid field selector: invalid escape sequence: \\n'],
    ['a=\\', 'invalid field selector: invalid escape sequence: \\'],
  ]
  for (const [text, message] of cases) {
    it(JSON.stringify(text), () => assert.throws(() => parseFieldSelector(text), { message }))
  }
})

it('carries any value through its text', () => {
  fc.assert(
    fc.property(fc.string(), value => {
      const selector = parseFieldSelector(String(fieldSelectorOf([{ field: 'spec.x', operator: '=', value }])))
      assert.equal(selector.requiredValue('spec.x'), value)
    }),
  )
})
