import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Review, ReviewError, verdictOf } from './review.js'

const review = {
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: { uid: 'u' },
} as unknown as Review
const verdict = (response: object) =>
  verdictOf('hook', review, JSON.stringify({ ...review, response: { uid: 'u', ...response } }))
const patch = (operations: unknown) => Buffer.from(JSON.stringify(operations)).toString('base64')

const deep = Buffer.from('['.repeat(100_000)).toString('base64')

describe('the answer of an admission webhook', () => {
  it('may come with warnings and with annotations for the audit log', () => {
    assert.deepEqual(verdict({ allowed: true }), { warnings: [] })
    assert.deepEqual(verdict({ allowed: true, warnings: ['w'], auditAnnotations: { a: 'b' } }), {
      warnings: ['w'],
      auditAnnotations: { a: 'b' },
    })
    const refused = verdict({ allowed: false, auditAnnotations: { a: 'b' } })
    assert.ok(refused.refusal)
    assert.deepEqual(refused.auditAnnotations, { a: 'b' })
  })

  it('may come with a patch', () => {
    const operations = [{ op: 'remove', path: '/a' }]
    assert.deepEqual(verdict({ allowed: true, patchType: 'JSONPatch', patch: patch(operations) }).patch, operations)
    assert.deepEqual(verdict({ allowed: true, patchType: 'JSONPatch', patch: patch([]) }), { warnings: [] })
  })

  const faults: [string, object, RegExp][] = [
    ['another uid', { uid: 'v', allowed: true }, /expected response.uid="u", got "v"/],
    ['a patch of no type', { allowed: true, patch: patch([]) }, /not "JSONPatch"/],
    ['a type without a patch', { allowed: true, patchType: 'JSONPatch' }, /may only be set with response.patch/],
    ['a code that is none', { allowed: false, status: { code: 'x' } }, /cannot unmarshal|unable|code/],
    ['a status that is none', { allowed: false, status: 'no' }, /status/],
    ['warnings that are none', { allowed: true, warnings: { a: 1 } }, /warnings/],
    ['an answer that is none', { allowed: 'yes' }, /allowed/],
    ['a patch that nests too deep', { allowed: true, patchType: 'JSONPatch', patch: deep }, /no JSON/],
    ['a patch that is no JSON', { allowed: true, patchType: 'JSONPatch', patch: 'e30tLQ==' }, /no JSON/],
  ]
  it('refuses with a code that HTTP has', () => {
    const codes: [number, number][] = [
      [0, 400],
      [200, 400],
      [422, 422],
      [599, 599],
      [1000, 500],
      [-1, 400],
    ]
    for (const [code, expected] of codes)
      assert.equal(verdict({ allowed: false, status: { code } }).refusal?.code, expected)
    assert.match(verdict({ allowed: false, status: null }).refusal?.message ?? '', /without explanation/)
  })

  it('is none if it is something else', () => {
    for (const text of ['null', '1', '"x"', '[]', '{}', '['.repeat(100_000), '{"response":null}', '{"response":[]}'])
      assert.throws(() => verdictOf('hook', review, text), ReviewError, text.slice(0, 20))
  })

  for (const [what, response, expected] of faults)
    it(`with ${what} is none`, () =>
      assert.throws(
        () => verdict(response),
        (error: Error) => error instanceof ReviewError && expected.test(error.message),
      ))
})
