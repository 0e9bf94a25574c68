import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nameSuffix } from './names.js'

it('generated names have five easy characters behind their base, and fit into a label', () => {
  const names = Array.from({ length: 2000 }, () => nameSuffix('web-'))
  for (const name of names) assert.match(name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  assert.ok(new Set(names).size > 1990)
  assert.equal(nameSuffix('x'.repeat(100)).length, 63)
})
