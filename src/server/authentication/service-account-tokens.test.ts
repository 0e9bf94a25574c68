import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest } from '../../machinery/http.js'
import { ServiceAccountTokens, secretTokenSigner, type TokenClaims } from './service-account-tokens.js'

const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString()
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const issuer = 'https://issuer.example'
const claims: TokenClaims = {
  namespace: 'ns',
  serviceAccount: { name: 'robot', uid: 'u1' },
  audiences: [issuer],
  expirationSeconds: 600,
}
const pod = { kind: 'Pod', name: 'p', uid: 'pu' } as const

interface Changes {
  signingKey?: string
  verifyingKeys?: readonly string[]
  issuer?: string
  formerIssuers?: readonly string[]
}

function tokensWith(options: Changes = {}) {
  const clock = new ManualClock()
  const alive = new Map([
    ['ns/robot', 'u1'],
    ['Pod ns/p', 'pu'],
  ])
  const tokens = new ServiceAccountTokens({
    issuer,
    audiences: [issuer],
    signingKey: pem(ec.privateKey),
    ...options,
    clock,
    subjects: {
      serviceAccountUid: (namespace, name) => alive.get(`${namespace}/${name}`),
      boundUid: (namespace, { kind, name }) => alive.get(`${kind} ${namespace}/${name}`),
      legacyToken: (namespace, secret) => alive.get(`token ${namespace}/${secret}`),
    },
  })
  const authenticate = (token: string) =>
    tokens.authenticate({ headers: { authorization: `Bearer ${token}` } } as unknown as ApiRequest)
  return { tokens, clock, alive, authenticate }
}

const refused = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' }
/** A token with claims of one's choice. */
const forged = (key: Parameters<SignJWT['sign']>[0], alg: string, payload: object = {}) =>
  new SignJWT({ 'kubernetes.io': { namespace: 'ns', serviceaccount: claims.serviceAccount }, ...payload })
    .setProtectedHeader({ alg })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setIssuedAt(0)
    .setExpirationTime(4_000_000_000)
    .sign(key)

describe('service account tokens', () => {
  for (const [name, signingKey, alg] of [
    ['ECDSA', pem(ec.privateKey), 'ES256'],
    ['RSA', pem(rsa.privateKey), 'RS256'],
  ] as const)
    it(`are issued and believed, ${name}`, async () => {
      const { tokens, authenticate, clock } = tokensWith({ signingKey })
      const { token, expires } = await tokens.issue({ ...claims, bound: pod, node: { name: 'n', uid: 'nu' } })
      assert.equal(expires, clock.now() + 600_000)
      assert.equal(decodeProtectedHeader(token).alg, alg)
      const { jti, sub } = decodeJwt(token)
      assert.equal(sub, 'system:serviceaccount:ns:robot')
      assert.deepEqual(await authenticate(token), {
        name: 'system:serviceaccount:ns:robot',
        uid: 'u1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
        extra: {
          'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
          'authentication.kubernetes.io/pod-name': ['p'],
          'authentication.kubernetes.io/pod-uid': ['pu'],
          'authentication.kubernetes.io/node-name': ['n'],
          'authentication.kubernetes.io/node-uid': ['nu'],
        },
      })
    })

  it('end when their time is over, remembered or not', async () => {
    for (const remembered of [true, false]) {
      const { tokens, authenticate, clock } = tokensWith()
      const { token } = await tokens.issue(claims)
      if (remembered) clock.advance(595_000)
      if (remembered) await authenticate(token)
      clock.advance(remembered ? 5000 : 600_000)
      await assert.rejects(authenticate(token), refused)
    }
  })

  it('end with their service account, also when it came back as another', async () => {
    const { tokens, authenticate, alive } = tokensWith()
    const { token } = await tokens.issue(claims)
    await authenticate(token)
    alive.set('ns/robot', 'u2')
    await assert.rejects(authenticate(token), refused)
    alive.delete('ns/robot')
    await assert.rejects(authenticate(token), refused)
  })

  it('end with what they are bound to', async () => {
    const { tokens, authenticate, alive } = tokensWith()
    const { token } = await tokens.issue({ ...claims, bound: pod })
    await authenticate(token)
    alive.set('Pod ns/p', 'another')
    await assert.rejects(authenticate(token), refused)
  })

  it('are for their audience', async () => {
    const { tokens, authenticate } = tokensWith()
    const { token } = await tokens.issue({ ...claims, audiences: ['vault'] })
    await assert.rejects(authenticate(token), refused)
    assert.equal((await tokens.verify(token, ['vault', 'x'])).uid, 'u1')
    // What was found out for one audience says nothing about another.
    await assert.rejects(tokens.verify(token, ['x']), refused)
  })

  it('of others are left to others', async () => {
    const { authenticate } = tokensWith()
    const foreign = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).setIssuer('x').sign(ec.privateKey)
    for (const token of [foreign, 'opaque', 'a.b.c', '..', 'eyJhbGciOiJub25lIn0.e30.'])
      assert.equal(await authenticate(token), undefined)
  })

  it('are believed from a further key', async () => {
    const { authenticate } = tokensWith({
      verifyingKeys: [other.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    })
    assert.equal((await authenticate(await forged(other.privateKey, 'ES256')))?.uid, 'u1')
  })

  it('are not believed from an unknown key, nor in an algorithm that is not the key’s', async () => {
    const { authenticate } = tokensWith()
    await assert.rejects(authenticate(await forged(other.privateKey, 'ES256')), refused)
    // The public key, which everybody may know, as the secret of an HMAC.
    const publicPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const body = [
      { alg: 'HS256' },
      {
        iss: issuer,
        aud: issuer,
        exp: 4_000_000_000,
        'kubernetes.io': { namespace: 'ns', serviceaccount: claims.serviceAccount },
      },
    ].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const mac = createHmac('sha256', publicPem).update(body.join('.')).digest('base64url')
    await assert.rejects(authenticate(`${body.join('.')}.${mac}`), refused)
  })

  it('are not believed without a signature, with a changed one, or without their claims', async () => {
    const { tokens, authenticate } = tokensWith()
    const { token } = await tokens.issue(claims)
    const [head, payload = '', signature = ''] = token.split('.')
    const changed = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'x' })).toString('base64url')
    for (const bad of [
      `${head}.${changed}.${signature}`,
      `${head}.${payload}.`,
      `${head}.${payload}.${signature.slice(2)}`,
    ])
      await assert.rejects(authenticate(bad), refused)
    for (const own of [undefined, {}, { namespace: 'ns' }, { namespace: 'ns', serviceaccount: {} }, 'x'])
      await assert.rejects(authenticate(await forged(ec.privateKey, 'ES256', { 'kubernetes.io': own })), refused)
  })

  it('of secrets are believed as long as their secret holds them', async () => {
    const { authenticate, alive, clock } = tokensWith()
    const token = await secretTokenSigner(pem(ec.privateKey))({
      namespace: 'ns',
      serviceAccount: { name: 'robot', uid: 'u1' },
      secret: 'robot-token',
    })
    await assert.rejects(authenticate(token), refused)
    alive.set('token ns/robot-token', token)
    assert.deepEqual(await authenticate(token), {
      name: 'system:serviceaccount:ns:robot',
      uid: 'u1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
      extra: {},
    })
    clock.advance(10 * 365 * 24 * 3_600_000)
    assert.ok(await authenticate(token), 'they have no end')
    alive.set('token ns/robot-token', 'another')
    await assert.rejects(authenticate(token), refused)
  })

  it('of former issuers and keys are believed, but not issued', async () => {
    const { tokens } = tokensWith()
    const { token } = await tokens.issue(claims)
    const changed = tokensWith({ issuer: 'https://new.example', signingKey: pem(other.privateKey) })
    assert.equal(await changed.authenticate(token), undefined)
    const careful = tokensWith({
      issuer: 'https://new.example',
      formerIssuers: [issuer],
      signingKey: pem(other.privateKey),
      verifyingKeys: [ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    })
    assert.equal((await careful.authenticate(token))?.name, 'system:serviceaccount:ns:robot')
    assert.equal(decodeJwt((await careful.tokens.issue(claims)).token).iss, 'https://new.example')
    assert.equal(careful.tokens.publicKeys().length, 2)
  })

  it('that the kubelet mounts live long, but only for the API server', () => {
    const { tokens } = tokensWith()
    assert.equal(tokens.lifeOf(3607, [issuer], pod), 365 * 24 * 3600)
    assert.equal(tokens.lifeOf(3607, ['vault'], pod), 3607)
    assert.equal(tokens.lifeOf(3607, [issuer], undefined), 3607)
    assert.equal(tokens.lifeOf(3600, [issuer], pod), 3600)
  })

  it('cannot be signed with keys of other kinds', () => {
    const ed = generateKeyPairSync('ed25519')
    assert.throws(() => tokensWith({ signingKey: pem(ed.privateKey) }), /must be RSA or ECDSA/)
  })
})
