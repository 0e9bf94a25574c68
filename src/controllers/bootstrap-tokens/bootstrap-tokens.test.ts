import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type BootstrapToken,
  bootstrapTokenSecret,
  readBootstrapToken,
  splitBootstrapToken,
} from '../../api/core/v1/bootstrap-token.js'
import type { Secret } from '../../api/core/v1/index.js'
import { detachedSignature, signedData } from './bootstrap-signer.js'
import { untilTokenEnds } from './token-cleaner.js'

const now = Date.parse('2026-01-01T00:00:00Z')
const base64 = (text: string) => Buffer.from(text).toString('base64')

const secretOf = (change: { readonly [key: string]: string } = {}, more: object = {}): Secret => {
  const data = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', ...change }
  return {
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
    ...more,
  } as Secret
}

describe('bootstrap tokens', () => {
  const forms: readonly [string, boolean][] = [
    ['abcdef.0123456789abcdef', true],
    ['ABCDEF.0123456789abcdef', false],
    ['abcdef.0123456789abcde', false],
    ['abcdef', false],
    ['abcdef.0123456789abcdef.x', false],
    ['', false],
  ]
  for (const [text, valid] of forms)
    it(`${JSON.stringify(text)} is ${valid ? 'one' : 'none'}`, () =>
      assert.equal(splitBootstrapToken(text) !== undefined, valid))

  it('are what they were after being written to a secret and read again', () => {
    const token: BootstrapToken = {
      id: 'abcdef',
      secret: '0123456789abcdef',
      description: 'for one node',
      expires: now,
      usages: ['authentication', 'signing'],
      groups: ['system:bootstrappers:a'],
    }
    const { stringData, ...rest } = bootstrapTokenSecret(token)
    assert.deepEqual(readBootstrapToken(secretOf(stringData as never, rest)), token)
  })

  const none: readonly [string, Secret][] = [
    ['of another type', secretOf({}, { type: 'Opaque' })],
    ['of another name', secretOf({}, { metadata: { namespace: 'kube-system', name: 'bootstrap-token-123456' } })],
    ['with a short secret', secretOf({ 'token-secret': 'x' })],
  ]
  for (const [name, secret] of none)
    it(`a secret ${name} holds none`, () => assert.equal(readBootstrapToken(secret), undefined))

  const ends: readonly [string, Secret, number | undefined][] = [
    ['never', secretOf(), undefined],
    ['in a minute', secretOf({ expiration: '2026-01-01T00:01:00Z' }), 60_000],
    ['long ago', secretOf({ expiration: '2025-01-01T00:00:00Z' }), 0],
    ['at no time that can be read', secretOf({ expiration: 'soon' }), 0],
    [
      'in another namespace',
      secretOf(
        { expiration: '2025-01-01T00:00:00Z' },
        { metadata: { namespace: 'a', name: 'bootstrap-token-abcdef' } },
      ),
      undefined,
    ],
  ]
  for (const [name, secret, expected] of ends)
    it(`one that ends ${name}`, () => assert.equal(untilTokenEnds(secret, now), expected))
})

describe('cluster-info', () => {
  const one = { id: 'abcdef', secret: '0123456789abcdef', usages: [], groups: [] }

  it('is signed as RFC 7515 says', () =>
    assert.equal(
      detachedSignature('payload', one),
      // The last part by openssl dgst -sha256 -hmac over header.base64url(payload).
      'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..pQpAf41KnbpDpf53Otu_ufAeAbWD9CSytTS_WpoG4Mc',
    ))

  it('loses the signatures of tokens that are gone, and gets those of new ones', () => {
    const data = { kubeconfig: 'x', other: 'kept', 'jws-kubeconfig-gone00': 'old' }
    assert.deepEqual(signedData(data, [one]), {
      kubeconfig: 'x',
      other: 'kept',
      'jws-kubeconfig-abcdef': detachedSignature('x', one),
    })
  })

  it('without a kubeconfig is left alone', () =>
    assert.deepEqual(signedData({ 'jws-kubeconfig-gone00': 'old' }, [one]), { 'jws-kubeconfig-gone00': 'old' }))
})
