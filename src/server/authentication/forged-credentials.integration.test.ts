import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { ServiceAccount } from '../../api/core/v1/index.js'
import {
  clientTemplate,
  createAuthority,
  createClusterPki,
  issueClientCertificate,
  issueLeaf,
  issueServingCertificate,
} from '../../cluster/pki.js'
import { ManualClock, systemClock } from '../../machinery/clock.js'
import { adminToken, otherToken, TestServer } from '../test-server.js'

const who = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const review = JSON.stringify({ kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' })
const day = 86_400_000

type Json = { readonly [member: string]: unknown }

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const decoded = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString())
const es256 = (input: string, key: KeyObject): string =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
const hs256 = (input: string, secret: string | Buffer): string =>
  createHmac('sha256', secret).update(input).digest('base64url')

describe('tokens', () => {
  let server: TestServer
  let clock: ManualClock
  let good = ''
  let header: Json
  let claims: Json
  let publicPem = ''
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

  before(async () => {
    clock = new ManualClock(Date.now())
    server = await TestServer.start({ clock })
    await server.client.create(ServiceAccount, { metadata: { namespace: 'default', name: 'sa' } })
    const issued = await server.http2({
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/sa/token',
      body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { expirationSeconds: 3600 } },
    })
    good = issued.json.status.token
    const [first = '', second = ''] = good.split('.')
    header = decoded(first)
    claims = decoded(second)
    publicPem = server.controlPlane.pki.serviceAccount.publicKey
  })
  after(() => server[Symbol.asyncDispose]())

  const ask = (token: string) =>
    server.http1({
      method: 'POST',
      path: who,
      body: Buffer.from(review),
      headers: { authorization: `Bearer ${token}` },
    })
  const refused = async (what: string, token: string) => {
    const { status, json } = await ask(token)
    assert.equal(status, 401, what)
    // Nothing is told of why.
    assert.equal(json.message, 'Unauthorized', what)
  }
  const made = (head: Json, body: Json, signature: (input: string) => string): string => {
    const input = `${encoded(head)}.${encoded(body)}`
    return `${input}.${signature(input)}`
  }

  it('that are good are believed', async () => {
    const { status, json } = await ask(good)
    assert.equal(status, 201)
    assert.equal(json.status.userInfo.username, 'system:serviceaccount:default:sa')
  })

  it('that are forged are not', async () => {
    const own = createPublicKey(publicPem)
    const secrets: [string, string | Buffer][] = [
      ['the PEM', publicPem],
      ['the PEM without its end of line', publicPem.trim()],
      ['the DER', own.export({ type: 'spki', format: 'der' })],
      ['the JWK', JSON.stringify(own.export({ format: 'jwk' }))],
      ['nothing', ''],
    ]
    for (const [what, secret] of secrets)
      for (const alg of ['HS256', 'hs256'])
        await refused(
          `HMAC with ${what}`,
          made({ ...header, alg }, claims, input => hs256(input, secret)),
        )
    for (const alg of ['none', 'None', 'NONE', '', null, 'ES256\0', 'RS256', 'ES384', 'EdDSA', ['ES256'], 256])
      for (const signature of ['', good.split('.')[2] ?? ''])
        await refused(
          `the algorithm ${JSON.stringify(alg)}`,
          made({ ...header, alg }, claims, () => signature),
        )
    const byStranger = (input: string) => es256(input, stranger)
    const strangersKey = createPublicKey(stranger).export({ format: 'jwk' })
    for (const [what, more] of [
      ['the same key id', {}],
      ['another key id', { kid: 'x' }],
      ['a path as key id', { kid: '../../../../dev/null' }],
      ['a query as key id', { kid: "' OR 1=1 --" }],
      ['an object as key id', { kid: { $ne: '' } }],
      ['a long key id', { kid: 'x'.repeat(100_000) }],
      ['a key of its own', { jwk: strangersKey }],
      ['a key elsewhere', { jku: 'https://192.0.2.1/jwks', x5u: 'https://192.0.2.1/crt' }],
      ['a certificate of its own', { x5c: ['AAAA'] }],
      ['what is critical', { crit: ['exp'], exp: 1 }],
    ] as const)
      await refused(what, made({ ...header, ...more }, claims, byStranger))
    const [head = '', body = '', signature = ''] = good.split('.')
    for (const [what, token] of [
      ['another subject', `${head}.${encoded({ ...claims, sub: 'system:serviceaccount:kube-system:x' })}.${signature}`],
      ['no signature', `${head}.${body}.`],
      ['two parts', `${head}.${body}`],
      ['five parts', `${good}.a.b`],
      ['a signature of zeros', `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`],
      [
        'a signature in DER',
        `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), stranger).toString('base64url')}`,
      ],
      ['an unencoded payload', made({ ...header, b64: false, crit: ['b64'] }, claims, byStranger)],
      ['a list as claims', `${head}.${encoded([])}.${signature}`],
      ['no JSON', `${head}.${Buffer.from('{').toString('base64url')}.${signature}`],
      ['deep JSON', `${head}.${Buffer.from('['.repeat(50_000)).toString('base64url')}.${signature}`],
      ['a long token', 'x'.repeat(500_000)],
      ['dots', '.'.repeat(1000)],
    ] as const)
      await refused(what, token)
  })

  it('that are signed, but say what they must not, are not believed either', async () => {
    const key = createPrivateKey(server.controlPlane.pki.serviceAccount.privateKey)
    const signed = (changes: Json) => made(header, { ...claims, ...changes }, input => es256(input, key))
    const now = Math.floor(clock.now() / 1000)
    assert.equal((await ask(signed({}))).status, 201)
    const own = claims['kubernetes.io'] as Json
    for (const [what, changes] of [
      ['expired', { exp: now }],
      ['not valid yet', { nbf: now + 60 }],
      ['for somebody else', { aud: ['vault'] }],
      ['for nobody', { aud: [] }],
      ['for nobody at all', { aud: undefined }],
      ['of another issuer', { iss: 'https://evil.example' }],
      ['of no issuer', { iss: undefined }],
      ['of the issuer of old, without its secret', { iss: 'kubernetes/serviceaccount' }],
      ['of no namespace', { 'kubernetes.io': { ...own, namespace: undefined } }],
      ['of nobody', { 'kubernetes.io': undefined }],
      ['of an account of another uid', { 'kubernetes.io': { ...own, serviceaccount: { name: 'sa', uid: 'x' } } }],
      ['of an account that is not there', { 'kubernetes.io': { ...own, serviceaccount: { name: 'y', uid: 'x' } } }],
      ['bound to a pod that is not there', { 'kubernetes.io': { ...own, pod: { name: 'p', uid: 'u' } } }],
      ['ending as text', { exp: String(now + 100) }],
      ['ending in words', { exp: 'never' }],
    ] as const)
      await refused(what, signed(changes))
    clock.advance(3601_000)
    await refused('expired since', good)
  })

  it('are no part of what is answered or logged when they are wrong', async () => {
    const { text, headers } = await ask('secret-token-value')
    assert.doesNotMatch(text + JSON.stringify(headers), /secret-token-value/)
  })

  it('smuggled in otherwise are none', async () => {
    for (const headers of [
      { authorization: `Basic ${Buffer.from(`admin:${adminToken}`).toString('base64')}` },
      { authorization: adminToken },
      { authorization: `Bearer` },
      { authorization: `Token ${adminToken}` },
      { 'x-authorization': `Bearer ${adminToken}`, authorization: '' },
      { cookie: `authorization=${adminToken}`, authorization: '' },
    ]) {
      const { status } = await server.http1({ path: `/api/v1/secrets?access_token=${adminToken}`, headers })
      assert.ok(status === 401 || status === 403, `${JSON.stringify(headers)}: ${status}`)
    }
  })
})

describe('client certificates and the headers of proxies', () => {
  let server: TestServer
  const name = { commonName: 'kubernetes-admin', organizations: ['system:masters'] }
  type Credential = { readonly certificate: string; readonly key: string }

  before(async () => {
    server = await TestServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  /** Whom the server takes somebody for: a name, or the status of its refusal. */
  const taken = (credential: Credential | undefined, headers: { [name: string]: string | string[] } = {}) =>
    new Promise<string | number>((resolve, reject) => {
      const { hostname, port } = new URL(server.endpoint.server)
      const sent = httpsRequest(
        {
          hostname,
          port,
          path: who,
          method: 'POST',
          ca: server.endpoint.ca,
          agent: false,
          ...(credential ? { cert: credential.certificate, key: credential.key } : {}),
          headers: { 'content-type': 'application/json', 'content-length': review.length, ...headers },
        },
        response => {
          let text = ''
          response.on('data', chunk => {
            text += chunk
          })
          response.on('end', () =>
            resolve(
              response.statusCode === 201 ? JSON.parse(text).status.userInfo.username : (response.statusCode ?? 0),
            ),
          )
        },
      )
      sent.on('error', reject)
      sent.end(review)
    })

  it('count if the authority of the cluster says so, while they last, for clients', async () => {
    const { ca, frontProxyCa } = server.controlPlane.pki
    const past = new ManualClock(Date.now() - 400 * day)
    const future = new ManualClock(Date.now() + day)
    const other = (await createClusterPki()).ca
    const impostor = await createAuthority('kubernetes', systemClock)
    const intermediate = await issueClientCertificate(ca, { commonName: 'x' })
    assert.equal(await taken(await issueClientCertificate(ca, name)), 'kubernetes-admin')
    for (const [what, credential] of [
      ['of another cluster', await issueClientCertificate(other, name)],
      ['of an authority of the same name', await issueClientCertificate(impostor, name)],
      ['signed by itself', impostor],
      ['ended', await issueLeaf(ca, clientTemplate(name), past)],
      ['of tomorrow', await issueLeaf(ca, clientTemplate(name), future)],
      ['for servers', await issueServingCertificate(ca, { subject: name, hosts: ['localhost'] })],
      ['signed by a client', await issueLeaf({ ...intermediate }, clientTemplate(name), systemClock)],
    ] as const)
      assert.equal(await taken(credential), 401, what)
    // One of the front proxy's authority speaks for nobody by itself.
    assert.equal(await taken(await issueClientCertificate(frontProxyCa, name)), 401)
  })

  const claims = { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' }

  it('are believed of the front proxy alone', async () => {
    const { ca, frontProxyCa, frontProxyClient } = server.controlPlane.pki
    assert.equal(await taken(frontProxyClient, claims), 'kubernetes-admin')
    assert.equal(await taken(undefined, claims), 403)
    assert.equal(
      await taken(await issueClientCertificate(ca, { commonName: 'front-proxy-client' }), claims),
      'front-proxy-client',
    )
    assert.equal(await taken(await issueClientCertificate(frontProxyCa, { commonName: 'somebody' }), claims), 401)
    // A user that brings no more than headers is who the token says.
    const bearer = { authorization: `Bearer ${otherToken}` }
    for (const headers of [
      claims,
      { 'x-remote-user': ['kubernetes-admin', 'other'], 'x-remote-group': ['a', 'system:masters'] },
      { X_Remote_User: 'kubernetes-admin', X_REMOTE_GROUP: 'system:masters' },
      { 'x-remote_user': 'kubernetes-admin' },
      { 'X-Forwarded-User': 'kubernetes-admin', 'x-webauth-user': 'kubernetes-admin', Remote_User: 'kubernetes-admin' },
      { 'x-remote-extra-scopes': 'all', 'x-remote-uid': '0' },
    ])
      assert.equal(await taken(undefined, { ...bearer, ...(headers as { [name: string]: string }) }), 'other')
    // Variants name nobody, whoever sends them.
    assert.equal(await taken(frontProxyClient, { X_Remote_User: 'kubernetes-admin' }), 401)
    assert.equal(await taken(frontProxyClient, { 'x-remote-user': '' }), 401)
  })

  it('do not impersonate without the right to', async () => {
    const bearer = { authorization: `Bearer ${otherToken}` }
    for (const headers of [
      { 'impersonate-user': 'kubernetes-admin' },
      { 'impersonate-user': 'other', 'impersonate-group': 'system:masters' },
      { 'impersonate-user': ['other', 'kubernetes-admin'] },
      { 'impersonate-group': 'system:masters' },
      { 'impersonate-uid': '0' },
      { 'impersonate-extra-scopes': 'all' },
      { 'Impersonate-User': 'system:serviceaccount:kube-system:default' },
    ]) {
      const status = await taken(undefined, { ...bearer, ...(headers as { [name: string]: string }) })
      assert.ok(status === 403 || status === 500 || status === 400, `${JSON.stringify(headers)}: ${status}`)
    }
    for (const headers of [{ Impersonate_User: 'kubernetes-admin' }, { 'x-impersonate-user': 'kubernetes-admin' }])
      assert.equal(await taken(undefined, { ...bearer, ...(headers as { [name: string]: string }) }), 'other')
    const admin = { authorization: `Bearer ${adminToken}` }
    assert.equal(await taken(undefined, { ...admin, 'impersonate-user': 'alice' }), 'alice')
  })

  it('say nothing of requests that a client hides in one', async () => {
    const { hostname, port } = new URL(server.endpoint.server)
    const smuggle = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({
          host: hostname,
          port: Number(port),
          ca: server.endpoint.ca,
          ALPNProtocols: ['http/1.1'],
        })
        let answer = ''
        socket.on('data', chunk => {
          answer += chunk
        })
        socket.on('close', () => resolve(answer))
        socket.on('error', reject)
        socket.setTimeout(60_000, () => socket.destroy())
        socket.write(text)
      })
    const head = `Host: x\r\nAuthorization: Bearer ${otherToken}\r\n`
    const hidden =
      'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nX-Remote-User: admin\r\nX-Remote-Group: system:masters\r\n\r\n'
    for (const [what, text] of [
      [
        'two lengths',
        `POST ${who} HTTP/1.1\r\n${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      ],
      [
        'a length and chunks',
        `POST ${who} HTTP/1.1\r\n${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      ],
      ['chunks twice', `POST ${who} HTTP/1.1\r\n${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
      [
        'a header behind a bare line feed',
        `GET /api/v1/secrets HTTP/1.1\r\n${head}X-A: b\nX-Remote-User: admin\r\nConnection: close\r\n\r\n`,
      ],
      [
        'a folded header',
        `GET /api/v1/secrets HTTP/1.1\r\n${head}X-A: b\r\n X-Remote-User: admin\r\nConnection: close\r\n\r\n`,
      ],
      [
        'a space before the colon',
        `GET /api/v1/secrets HTTP/1.1\r\n${head}X-Remote-User : admin\r\nConnection: close\r\n\r\n`,
      ],
    ] as const) {
      const answer = await smuggle(text)
      assert.doesNotMatch(answer, /SecretList/, what)
      assert.match(answer, /^HTTP\/1\.1 (400|403|501)/, `${what}: ${answer.slice(0, 80)}`)
    }
  })
})
