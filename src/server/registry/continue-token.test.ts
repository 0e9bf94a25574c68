import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeContinue, encodeContinue, newestRevision } from './continue-token.js'

const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('continue token', () => {
  it('comes back as it was made', () => {
    for (const after of ['a', 'ns/name', 'ns/ü'])
      assert.deepEqual(decodeContinue(encodeContinue({ revision: 7, after }), ''), { revision: 7, after })
    assert.deepEqual(decodeContinue(encodeContinue({ revision: 7, after: 'ns/a' }), 'ns/').after, 'ns/a')
    assert.equal(decodeContinue(encodeContinue({ revision: newestRevision, after: 'a' }), '').revision, newestRevision)
  })

  const v = 'meta.k8s.io/v1'
  const bad: readonly (readonly [string, string])[] = [
    ['rubbish', 'abc'],
    ['empty JSON', token({})],
    ['no object', token('x')],
    ['null', token(null)],
    ['another version', token({ v: 'v2', rv: 1, start: 'a' })],
    ['no revision', token({ v, start: 'a' })],
    ['a revision of 0', token({ v, rv: 0, start: 'a' })],
    ['a revision below', token({ v, rv: -2, start: 'a' })],
    ['a fraction of a revision', token({ v, rv: 1.5, start: 'a' })],
    ['no start', token({ v, rv: 1, start: '' })],
    ['a start in another namespace', encodeContinue({ revision: 1, after: 'other/a' })],
    ['a start outside of everything', token({ v, rv: 1, start: '../secrets' })],
    ['a start with a zero inside', token({ v, rv: 1, start: 'ns/a\0b\0' })],
  ]
  for (const [name, text] of bad)
    it(`refuses ${name}`, () =>
      assert.throws(() => decodeContinue(text, 'ns/'), {
        code: 400,
        reason: 'BadRequest',
        message: /^invalid continue token: continue key is not valid: /,
      }))
})
