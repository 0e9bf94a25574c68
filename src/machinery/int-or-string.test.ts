import assert from 'node:assert/strict'
import { it } from 'node:test'
import { percentOf, scaledValue } from './int-or-string.js'

it('scales shares and keeps counts', () => {
  assert.equal(scaledValue(3, 10, true), 3)
  assert.equal(scaledValue('25%', 10, true), 3)
  assert.equal(scaledValue('25%', 10, false), 2)
  assert.equal(scaledValue('100%', 7, false), 7)
  assert.throws(() => scaledValue('5', 10, true), /string is not a percentage/)
  assert.equal(percentOf('5'), undefined)
  assert.equal(percentOf('150%'), 150)
  assert.equal(percentOf(5), undefined)
})
