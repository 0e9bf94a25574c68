import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest } from '../../machinery/http.js'
import type { Registries } from '../registry/registries.js'
import { bootstrapTokens } from './bootstrap-tokens.js'

const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'))
const data = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
}

function userOf(authorization: string, changes: { [key: string]: string } = {}, more: object = {}) {
  const encoded = Object.entries({ ...data, ...changes }).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ])
  const object = {
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(encoded),
    ...more,
  }
  const cache = { get: (key: string) => (key === 'kube-system/bootstrap-token-abcdef' ? { object } : undefined) }
  const registries = { of: () => ({ cache }) } as unknown as Registries
  return bootstrapTokens(registries, clock).authenticate({ headers: { authorization } } as unknown as ApiRequest)
}

const good = 'Bearer abcdef.0123456789abcdef'
const node = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }

describe('bootstrap tokens', () => {
  const rows: readonly (readonly [string, string, { [key: string]: string }, object, object | undefined])[] = [
    ['a good one', good, {}, {}, node],
    ['another secret', 'Bearer abcdef.0123456789abcdee', {}, {}, undefined],
    ['an unknown one', 'Bearer zzzzzz.0123456789abcdef', {}, {}, undefined],
    ['another form', 'Bearer abcdef0123456789abcdef', {}, {}, undefined],
    ['not yet over', good, { expiration: '2026-01-01T00:00:01Z' }, {}, node],
    ['over', good, { expiration: '2026-01-01T00:00:00Z' }, {}, undefined],
    ['an end that is no time', good, { expiration: 'tomorrow' }, {}, undefined],
    ['not for authentication', good, { 'usage-bootstrap-authentication': 'no' }, {}, undefined],
    ['of another secret', good, { 'token-id': 'abcdee' }, {}, undefined],
    ['a secret of another type', good, {}, { type: 'Opaque' }, undefined],
    ['a deleted secret', good, {}, { metadata: { name: 'bootstrap-token-abcdef', deletionTimestamp: 'x' } }, undefined],
    [
      'further groups',
      good,
      { 'auth-extra-groups': 'system:bootstrappers:b,system:bootstrappers:a' },
      {},
      { ...node, groups: ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:b'] },
    ],
    ['groups that are not its to give', good, { 'auth-extra-groups': 'system:masters' }, {}, undefined],
  ]
  for (const [name, header, changes, more, expected] of rows)
    it(name, () => assert.deepEqual(userOf(header, changes, more), expected))
})
