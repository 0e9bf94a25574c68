import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OperatorError } from '../cluster/operator-error.js'
import { residualText } from './residual-text.js'
import { tokenOf } from './run-token-commands.js'

const now = Date.parse('2026-01-01T00:00:00Z')
const flags = { ttl: '24h', usages: ['signing', 'authentication'] }

describe('the token that is asked for', () => {
  it('has a day to live and the rights of a new node', () =>
    assert.deepEqual(tokenOf('abcdef.0123456789abcdef', flags, now), {
      id: 'abcdef',
      secret: '0123456789abcdef',
      expires: now + 24 * 3_600_000,
      usages: ['signing', 'authentication'],
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    }))

  it('is made up', () => {
    const { id, secret } = tokenOf(undefined, flags, now)
    assert.match(`${id}.${secret}`, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
    assert.notEqual(tokenOf(undefined, flags, now).secret, secret)
  })

  it('lives for ever if told so, and has no groups if it introduces nobody', () =>
    assert.deepEqual(tokenOf('abcdef.0123456789abcdef', { ...flags, ttl: '0', usages: ['signing'] }, now), {
      id: 'abcdef',
      secret: '0123456789abcdef',
      usages: ['signing'],
      groups: [],
    }))

  const wrong: readonly [string, string | undefined, object, RegExp][] = [
    ['of another form', 'abc', {}, /is no token/],
    ['for something else', undefined, { usages: ['x'] }, /--usages is "x"/],
    ['for nothing', undefined, { usages: [] }, /--usages is ""/],
    [
      'of a group that is not its to give',
      undefined,
      { groups: ['system:masters'] },
      /is no group of bootstrap tokens/,
    ],
    ['for no time', undefined, { ttl: 'soon' }, /--ttl is "soon"/],
    ['for a time that is over', undefined, { ttl: '-1h' }, /--ttl is "-1h"/],
  ]
  for (const [name, given, change, message] of wrong)
    it(`cannot be ${name}`, () =>
      assert.throws(
        () => tokenOf(given, { ...flags, ...change }, now),
        (error: Error) => error instanceof OperatorError && message.test(error.message),
      ))
})

describe('the time that is left', () => {
  for (const [ms, text] of [
    [-1, 'expired'],
    [59_000, '59s'],
    [3_600_000, '1h'],
    [86_399_999, '23h'],
    [86_400_000 * 364, '364d'],
    [86_400_000 * 3650, '10y'],
  ] as const)
    it(text, () => assert.equal(residualText(ms), text))
})
