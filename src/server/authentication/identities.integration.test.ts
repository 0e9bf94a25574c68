import assert from 'node:assert/strict'
import { Agent, request } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { ConfigMap, Pod, Secret, ServiceAccount } from '../../api/core/v1/index.js'
import { createClusterPki } from '../../cluster/pki.js'
import { TestServer } from '../test-server.js'

const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const issuer = 'https://kubernetes.default.svc'

describe('who users are, over the wire', () => {
  let server: TestServer
  let frontProxyClient: { readonly certificate: string; readonly key: string }
  before(async () => {
    const pki = await createClusterPki({ servedAt: ['127.0.0.1'] })
    ;({ frontProxyClient } = pki)
    server = await TestServer.start({
      pki,
      authentication: {
        bootstrapTokens: true,
        requestHeaders: {
          ca: pki.frontProxyCa.certificate,
          allowedNames: ['front-proxy-client'],
          usernameHeaders: ['X-Remote-User'],
          uidHeaders: [],
          groupHeaders: ['X-Remote-Group'],
          extraHeaderPrefixes: ['X-Remote-Extra-'],
        },
      },
    })
    await server.client.create(ServiceAccount, { metadata: { namespace: 'default', name: 'robot' } })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
  })

  const whoami = async (token: string) => {
    const body = { kind: 'SelfSubjectReview' }
    const { status, json } = await server.http2({
      method: 'POST',
      path: self,
      headers: { authorization: `Bearer ${token}` },
      body,
    })
    return status === 201 ? json.status.userInfo : status
  }
  const tokenOf = async (spec: object) => {
    const path = '/api/v1/namespaces/default/serviceaccounts/robot/token'
    const { json } = await server.http2({ method: 'POST', path, body: { spec } })
    return json
  }

  it('knows service accounts as long as what their tokens are bound to lives', async () => {
    const metadata = { namespace: 'default', name: 'holder' }
    await server.client.create(Pod, {
      metadata,
      spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }] },
    })
    const pod = await server.client.get(Pod, metadata)
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'holder' }
    const { status, spec } = await tokenOf({ boundObjectRef, expirationSeconds: 3607 })
    assert.equal(spec.expirationSeconds, 3607)
    const claims = JSON.parse(Buffer.from(status.token.split('.')[1], 'base64url').toString())
    assert.equal(claims.exp - claims.iat, 365 * 24 * 3600)
    assert.equal(claims['kubernetes.io'].warnafter - claims.iat, 3607)
    assert.ok(Math.abs(Date.parse(status.expirationTimestamp) / 1000 - claims.iat - 3607) <= 1)
    const user = await whoami(status.token)
    assert.equal(user.username, 'system:serviceaccount:default:robot')
    assert.deepEqual(user.extra['authentication.kubernetes.io/pod-uid'], [pod.metadata.uid])
    await server.client.delete(Pod, metadata, { gracePeriodSeconds: 0 })
    assert.equal(await whoami(status.token), 401)
  })

  it('lets others verify their tokens', async () => {
    const { status } = await tokenOf({ audiences: ['vault'] })
    const get = (path: string, token = status.token) =>
      server.http2({ path, headers: { authorization: `Bearer ${token}` } })
    assert.equal((await get('/.well-known/openid-configuration')).status, 401)
    const own = (await tokenOf({})).status.token
    const configuration = await get('/.well-known/openid-configuration', own)
    assert.equal(configuration.json.issuer, issuer)
    assert.deepEqual(configuration.json.id_token_signing_alg_values_supported, ['ES256'])
    assert.match(configuration.json.jwks_uri, /^https:\/\/127\.0\.0\.1:\d+\/openid\/v1\/jwks$/)
    const keys = await get('/openid/v1/jwks', own)
    assert.equal(keys.headers['content-type'], 'application/jwk-set+json')
    const { payload } = await jwtVerify(status.token, createLocalJWKSet(keys.json), { issuer, audience: 'vault' })
    assert.equal(payload.sub, 'system:serviceaccount:default:robot')
  })

  it('reviews tokens', async () => {
    const { status } = await tokenOf({ audiences: ['vault', 'other'] })
    const review = async (spec: object) =>
      (await server.http2({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body: { spec } })).json
        .status
    const meant = await review({ token: status.token, audiences: ['vault', 'third'] })
    assert.deepEqual([meant.authenticated, meant.audiences], [true, ['vault']])
    assert.deepEqual(await review({ token: status.token }), { user: {}, error: 'invalid bearer token' })
    const file = await review({ token: 'other-token' })
    assert.deepEqual(file.user, { username: 'other', uid: '2', groups: ['system:authenticated'] })
    assert.deepEqual(file.audiences, [issuer])
  })

  it('knows new nodes by their tokens', async () => {
    await server.client.create(Secret, {
      metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': 'abcdef',
        'token-secret': '0123456789abcdef',
        'usage-bootstrap-authentication': 'true',
      },
    })
    const user = await whoami('abcdef.0123456789abcdef')
    assert.deepEqual(user, {
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:authenticated'],
    })
  })

  it('tells other API servers whom to believe', async () => {
    const { data } = await server.client.get(ConfigMap, {
      namespace: 'kube-system',
      name: 'extension-apiserver-authentication',
    })
    assert.equal(data?.['requestheader-allowed-names'], '["front-proxy-client"]')
    assert.match(data?.['requestheader-client-ca-file'] ?? '', /BEGIN CERTIFICATE/)
  })

  it('believes a proxy, and takes it for no user itself', async () => {
    const agent = new Agent()
    const asProxy = (headers: { [name: string]: string | string[] }) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const { certificate: cert, key } = frontProxyClient
        const options = { method: 'POST', agent, cert, key, ca: server.endpoint.ca, headers }
        const sent = request(new URL(self, server.endpoint.server), options, async response => {
          let body = ''
          for await (const chunk of response) body += chunk
          resolve({ status: response.statusCode ?? 0, body })
        })
        sent.on('error', reject)
        sent.end('{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}')
      })
    const type = { 'content-type': 'application/json' }
    const { status, body } = await asProxy({ ...type, 'X-Remote-User': 'ann', 'X-Remote-Group': ['dev', 'ops'] })
    assert.equal(status, 201, body)
    assert.deepEqual(JSON.parse(body).status.userInfo, {
      username: 'ann',
      groups: ['dev', 'ops', 'system:authenticated'],
    })
    assert.equal((await asProxy(type)).status, 401)
    agent.destroy()
  })
})
