import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { SignJWT } from 'jose'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest } from '../../machinery/http.js'
import type { JsonCall } from '../webhooks/json-calls.js'
import { type AuthenticationConfigError, authenticationConfiguration, type JwtConfig } from './jwt-config.js'
import { oidc } from './oidc.js'

const url = 'https://issuer.example'
const first = generateKeyPairSync('rsa', { modulusLength: 2048 })
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const config = (claimMappings: JwtConfig['claimMappings'], more: Partial<JwtConfig> = {}): JwtConfig => ({
  issuer: { url, audiences: ['cluster'] },
  claimMappings,
  ...more,
})
const plain = config({ username: { claim: 'sub', prefix: 'oidc:' }, groups: { claim: 'groups', prefix: 'oidc:' } })

function issuer(jwt: JwtConfig) {
  const clock = new ManualClock()
  const asked: string[] = []
  const keys = [{ ...first.publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256' }]
  const call: JsonCall = async ({ url: at }) => {
    asked.push(at)
    return at.endsWith('openid-configuration') ? { issuer: url, jwks_uri: `${url}/keys` } : { keys: [...keys] }
  }
  const authenticator = oidc({ config: jwt, call, clock, onError: () => {} })
  const token = (claims: object, key = first.privateKey, header = { alg: 'RS256', kid: '1' }) =>
    new SignJWT({ iss: url, aud: 'cluster', exp: clock.now() / 1000 + 60, sub: 'alice', ...claims })
      .setProtectedHeader(header)
      .sign(key)
  const userOf = async (text: string) =>
    authenticator.authenticate({ headers: { authorization: `Bearer ${text}` } } as unknown as ApiRequest)
  return { clock, asked, keys, token, userOf }
}

const refused = { code: 401 }

describe('OpenID Connect', () => {
  it('believes the issuer, and asks it once', async () => {
    const { token, userOf, asked } = issuer(plain)
    for (let i = 0; i < 2; i++)
      assert.deepEqual(await userOf(await token({ groups: ['dev', 'ops'] })), {
        name: 'oidc:alice',
        groups: ['oidc:dev', 'oidc:ops'],
      })
    assert.deepEqual(asked, [`${url}/.well-known/openid-configuration`, `${url}/keys`])
  })

  it('leaves others to others', async () => {
    const { token, userOf } = issuer(plain)
    assert.equal(await userOf(await token({ iss: 'https://other.example' })), undefined)
    assert.equal(await userOf('nonsense'), undefined)
  })

  it('refuses what is forged, over, not yet begun or meant for others', async () => {
    const { token, userOf, clock } = issuer(plain)
    const now = clock.now() / 1000
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const bad of [
      token({}, other.privateKey),
      token({ exp: now - 1 }),
      token({ nbf: now + 60 }),
      token({ aud: 'other' }),
      token({ sub: 7 }),
      token({ groups: [1] }),
    ])
      await assert.rejects(userOf(await bad), refused)
  })

  it('asks for keys again when a token names a new one', async () => {
    const { token, userOf, asked, keys, clock } = issuer(plain)
    await userOf(await token({}))
    keys.push({ ...second.publicKey.export({ format: 'jwk' }), kid: '2', alg: 'ES256' })
    const rotated = await token({}, second.privateKey, { alg: 'ES256', kid: '2' })
    await assert.rejects(userOf(rotated), refused)
    clock.advance(10_001)
    assert.equal((await userOf(rotated))?.name, 'oidc:alice')
    assert.equal(asked.length, 4)
  })

  it('takes an address for a name only if it is verified', async () => {
    const { token, userOf } = issuer(config({ username: { claim: 'email', prefix: '' } }))
    assert.equal((await userOf(await token({ email: 'a@b.example', email_verified: true })))?.name, 'a@b.example')
    await assert.rejects(userOf(await token({ email: 'a@b.example', email_verified: false })), refused)
  })

  it('maps and checks by expressions', async () => {
    const { token, userOf } = issuer(
      config(
        {
          username: { expression: '"u:" + claims.sub' },
          groups: { expression: 'claims.roles.split(",")' },
          uid: { claim: 'sub' },
          extra: [{ key: 'example.com/tenant', valueExpression: 'claims.tenant' }],
        },
        {
          claimValidationRules: [
            { claim: 'hd', requiredValue: 'example.com' },
            { expression: 'claims.tenant != "bad"', message: 'no such tenant' },
          ],
          userValidationRules: [{ expression: '!user.username.startsWith("system:")' }],
        },
      ),
    )
    const claims = { roles: 'a,b', tenant: 't', hd: 'example.com' }
    assert.deepEqual(await userOf(await token(claims)), {
      name: 'u:alice',
      uid: 'alice',
      groups: ['a', 'b'],
      extra: { 'example.com/tenant': ['t'] },
    })
    await assert.rejects(userOf(await token({ ...claims, tenant: 'bad' })), refused)
    await assert.rejects(userOf(await token({ ...claims, hd: 'other' })), refused)
  })
})

describe('configuration of authentication', () => {
  const file = (jwt: object, more: object = {}) => ({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [jwt],
    ...more,
  })
  it('is taken as it is', () => assert.deepEqual(authenticationConfiguration(file(plain)).jwt, [plain]))

  const rows: readonly (readonly [unknown, RegExp])[] = [
    [{}, /^kind: /],
    [file({ ...plain, issuer: { url: 'http://x', audiences: ['a'] } }), /^jwt\[0\]\.issuer\.url: /],
    [file({ ...plain, issuer: { url, audiences: [] } }), /^jwt\[0\]\.issuer\.audiences: /],
    [file({ ...plain, issuer: { url, audiences: ['a', 'b'] } }), /^jwt\[0\]\.issuer\.audienceMatchPolicy: /],
    [file({ ...plain, claimMappings: {} }), /^jwt\[0\]\.claimMappings\.username: /],
    [file({ ...plain, claimMappings: { username: { claim: 'sub' } } }), /^jwt\[0\]\.claimMappings\.username\.prefix: /],
    [file(plain, { anonymous: { enabled: false, conditions: [{ path: '/x' }] } }), /^anonymous\.conditions: /],
  ]
  for (const [value, expected] of rows)
    it(`refuses ${expected.source}`, () =>
      assert.throws(
        () => authenticationConfiguration(value),
        (error: AuthenticationConfigError) => expected.test(error.message),
      ))
})
