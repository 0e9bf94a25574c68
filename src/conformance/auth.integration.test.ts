import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { type TokenRequestInit, TokenReview } from '../api/authentication/v1/index.js'
import { LocalSubjectAccessReview, SubjectAccessReview } from '../api/authorization/v1/index.js'
import { CertificateSigningRequest } from '../api/certificates/v1/index.js'
import { ConfigMap, Pod, ServiceAccount } from '../api/core/v1/index.js'
import { RoleBinding } from '../api/rbac/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client, ListOptions, ObjectRef } from '../client/client.js'
import { answerOf } from '../client/discovery.js'
import { httpsTransport } from '../client/https-transport.js'
import { eventually, until } from '../controllers/eventually.js'
import type { ApiObject } from '../machinery/object.js'
import { isNotFound } from '../machinery/status-error.js'
import { createCertificate, createCertificateRequest, createKey } from '../machinery/x509/index.js'
import type { Kind } from '../schema/index.js'
import { read, requirements } from './requirements.js'

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'

const account = (client: Client, namespace: string, more: object = {}, labels: Record<string, string> = {}) =>
  client.create(ServiceAccount, { metadata: { namespace, name: 'robot', labels }, ...more })

const tokenOf = async (client: Client, ref: ObjectRef, spec: TokenRequestInit['spec'] = {}) => {
  const asked: TokenRequestInit = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
  return (await client.post(ServiceAccount, ref, 'token', asked)).status?.token ?? ''
}

const reviewed = async (client: Client, token: string, audiences: readonly string[] = []) =>
  (await client.create(TokenReview, { spec: { token, audiences: [...audiences] } })).status

const selfSigned = () => {
  const key = createKey()
  return createCertificate(
    {
      subject: { commonName: 'jane' },
      publicKey: createPublicKey(key),
      notBefore: Date.now(),
      notAfter: Date.now() + 3_600_000,
      usages: ['client auth'],
    },
    { key },
  )
}

/** What a watch from a version on tells, up to the first deletion. */
async function changesUntilDeleted<T extends ApiObject, I>(client: Client, kind: Kind<T, I>, options: ListOptions) {
  const types: string[] = []
  for await (const event of client.watch(kind, options)) {
    if (event.type !== 'BOOKMARK') types.push(event.type)
    if (event.type === 'DELETED') break
  }
  return types
}

const pod = (namespace: string, name: string, spec: object = {}, containers: readonly string[] = ['main']) => ({
  metadata: { namespace, name },
  spec: { containers: containers.map(name => ({ name, image: 'main:1' })), ...spec },
})

const automount = (wanted: boolean | undefined) =>
  wanted === undefined ? {} : { automountServiceAccountToken: wanted }

/** Which containers have the token's volume mounted. */
const mounting = ({ spec }: Pod) =>
  spec.containers
    .filter(({ volumeMounts = [] }) => volumeMounts.some(({ mountPath }) => mountPath === tokenPath))
    .map(({ name }) => name)

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>

requirements('sig-auth: accounts, tokens, certificates, reviews', {}, requirement => {
  requirement('CertificateSigningRequest API', async ({ client }) => {
    const groups = (await read(client, '/apis')) as { groups: { name: string }[] }
    assert.ok(groups.groups.some(({ name }) => name === 'certificates.k8s.io'))
    const group = (await read(client, '/apis/certificates.k8s.io')) as { versions: { version: string }[] }
    assert.ok(group.versions.some(({ version }) => version === 'v1'))
    const { resources } = (await read(client, '/apis/certificates.k8s.io/v1')) as {
      resources: { name: string; verbs: string[] }[]
    }
    const verbs = (name: string) => resources.find(resource => resource.name === name)?.verbs
    const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
    assert.deepEqual(verbs('certificatesigningrequests'), all)
    for (const subresource of ['approval', 'status'])
      assert.deepEqual(verbs(`certificatesigningrequests/${subresource}`), ['get', 'patch', 'update'])

    const request = Buffer.from(await createCertificateRequest({ commonName: 'jane' }, createKey())).toString('base64')
    const make = () =>
      client.create(CertificateSigningRequest, {
        metadata: { generateName: 'trial-', labels: { app: 'trial' } },
        spec: { request, signerName: 'example.com/trial', expirationSeconds: 3600, usages: ['client auth'] },
      })
    const labelSelector = 'app=trial'
    const { resourceVersion } = await client.list(CertificateSigningRequest)
    const { metadata: ref } = await make()
    assert.equal((await client.get(CertificateSigningRequest, ref)).spec.expirationSeconds, 3600)
    assert.equal((await client.list(CertificateSigningRequest, { labelSelector })).items.length, 1)
    const annotate = (name: string, subresource?: string, more: object = {}) =>
      client.patch(
        CertificateSigningRequest,
        ref,
        { type: 'merge', body: { metadata: { annotations: { [name]: 'true' } }, ...more } },
        subresource ? { subresource } : {},
      )
    const patched = await annotate('patched')
    assert.equal(patched.metadata.annotations?.['patched'], 'true')
    const updated = await client.update(CertificateSigningRequest, {
      ...patched,
      metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } },
    })
    assert.deepEqual(updated.metadata.annotations, { patched: 'true', updated: 'true' })

    const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests/${ref.name}`
    assert.equal(((await read(client, `${path}/approval`)) as ApiObject).metadata?.uid, ref.uid)
    assert.equal((await annotate('patchedapproval', 'approval')).metadata.annotations?.['patchedapproval'], 'true')
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Trial', message: 'set by a test' }]
    const present = await client.get(CertificateSigningRequest, ref)
    const approved = await client.update(
      CertificateSigningRequest,
      { ...present, status: { ...present.status, conditions } },
      { subresource: 'approval' },
    )
    assert.deepEqual(
      approved.status.conditions?.map(({ type }) => type),
      ['Approved'],
    )

    assert.equal(((await read(client, `${path}/status`)) as ApiObject).metadata?.uid, ref.uid)
    const certificate = Buffer.from(await selfSigned()).toString('base64')
    const signed = await annotate('patchedstatus', 'status', { status: { certificate } })
    assert.equal(signed.metadata.annotations?.['patchedstatus'], 'true')
    assert.equal(signed.status.certificate, certificate)
    const more = { type: 'StatusUpdate', status: 'True', reason: 'Trial', message: 'set by a test' }
    const told = await client.update(
      CertificateSigningRequest,
      { ...signed, status: { ...signed.status, conditions: [...conditions, more] } },
      { subresource: 'status' },
    )
    assert.ok(told.status.conditions?.some(({ type }) => type === 'StatusUpdate'))

    await client.delete(CertificateSigningRequest, ref)
    await assert.rejects(client.get(CertificateSigningRequest, ref), isNotFound)
    const types = await changesUntilDeleted(client, CertificateSigningRequest, { resourceVersion, labelSelector })
    assert.deepEqual([types[0], types.at(-1)], ['ADDED', 'DELETED'])
    for (let i = 0; i < 3; i++) await make()
    await client.deleteCollection(CertificateSigningRequest, { labelSelector })
    assert.deepEqual((await client.list(CertificateSigningRequest, { labelSelector })).items, [])
  })

  requirement('OIDC Discovery (ServiceAccountIssuerDiscovery)', async ({ client, namespace, plane }) => {
    const token = await tokenOf(client, { namespace, name: 'default' }, { audiences: ['oidc-discovery-test'] })
    const own = await tokenOf(client, { namespace, name: 'default' })
    if (!plane.endpoint) throw new Error('the control plane does not listen')
    const { server, ca } = plane.endpoint
    await using transport = httpsTransport({ server, ca, token: own })
    const asAccount = apiClient(transport.handle)
    const discovery = (await read(asAccount, '/.well-known/openid-configuration')) as Record<string, unknown>
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = decoded(payload)
    assert.equal(discovery['issuer'], claims['iss'])
    assert.deepEqual(claims['aud'], ['oidc-discovery-test'])
    assert.equal(claims['sub'], `system:serviceaccount:${namespace}:default`)
    assert.deepEqual(discovery['subject_types_supported'], ['public'])
    assert.deepEqual(discovery['response_types_supported'], ['id_token'])
    assert.equal(new URL(String(discovery['jwks_uri'])).pathname, '/openid/v1/jwks')
    const { keys } = (await read(asAccount, '/openid/v1/jwks')) as { keys: (JsonWebKey & { kid: string })[] }
    const { kid, alg } = decoded(header)
    assert.ok((discovery['id_token_signing_alg_values_supported'] as unknown[]).includes(alg))
    const jwk = keys.find(key => key.kid === kid)
    assert.ok(jwk, 'the key that signed is published')
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const proof = Buffer.from(signature, 'base64url')
    assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, proof))
  })

  requirement('ServiceAccount, create and review token', async ({ client, namespace }) => {
    const { metadata } = await account(client, namespace)
    const token = await tokenOf(client, metadata)
    assert.notEqual(token, '')
    const status = await reviewed(client, token)
    assert.deepEqual([status.authenticated, status.error], [true, undefined])
    assert.deepEqual(
      [status.user.username, status.user.uid],
      [`system:serviceaccount:${namespace}:robot`, metadata.uid],
    )
    const elsewhere = await tokenOf(client, metadata, { audiences: ['elsewhere'] })
    assert.notEqual((await reviewed(client, elsewhere)).authenticated, true)
    assert.deepEqual((await reviewed(client, elsewhere, ['elsewhere', 'here'])).audiences, ['elsewhere'])
    await client.delete(ServiceAccount, metadata)
    assert.notEqual((await reviewed(client, token)).authenticated, true)
  })

  requirement('RootCA ConfigMap test', async ({ client, namespace }) => {
    const ref = { namespace, name: 'kube-root-ca.crt' }
    const published = (than?: string) =>
      eventually(async () => {
        const { metadata, data = {} } = await client.get(ConfigMap, ref)
        until(metadata.uid !== than, 'another one')
        assert.match(data['ca.crt'] ?? '', /BEGIN CERTIFICATE/)
        assert.deepEqual(Object.keys(data), ['ca.crt'])
        return metadata.uid
      })
    const uid = await published()
    await client.delete(ConfigMap, ref)
    await published(uid)
    const changed = await client.get(ConfigMap, ref)
    await client.update(ConfigMap, { ...changed, data: { 'ca.crt': '' } })
    await published()
    await client.patch(ConfigMap, ref, { type: 'merge', body: { data: { more: 'x' } } })
    await published()
  })

  requirement('Service account tokens auto mount optionally', async ({ client, namespace }) => {
    for (const ofAccount of [undefined, true, false]) {
      const name = `account-${ofAccount}`
      await client.create(ServiceAccount, { metadata: { namespace, name }, ...automount(ofAccount) })
      for (const ofPod of [undefined, true, false]) {
        const created = await client.create(
          Pod,
          pod(namespace, `pod-${ofPod}-of-${name}`, {
            serviceAccountName: name,
            ...automount(ofPod),
          }),
        )
        const wanted = ofPod ?? ofAccount ?? true
        assert.deepEqual(mounting(created), wanted ? ['main'] : [], `${created.metadata.name}`)
        assert.equal(created.spec.volumes?.length ?? 0, wanted ? 1 : 0)
      }
    }
  })

  requirement('Service Account Tokens Must AutoMount', async ({ client, namespace }) => {
    const created = await client.create(Pod, pod(namespace, 'main', {}, ['one', 'two', 'three']))
    assert.equal(created.spec.serviceAccountName, 'default')
    assert.deepEqual(mounting(created), ['one', 'two', 'three'])
    const sources = created.spec.volumes?.[0]?.projected?.sources ?? []
    assert.deepEqual(
      sources.flatMap(({ serviceAccountToken, configMap, downwardAPI }) => [
        ...(serviceAccountToken ? [serviceAccountToken.path] : []),
        ...(configMap?.items ?? downwardAPI?.items ?? []).map(({ path }) => path),
      ]),
      ['token', 'ca.crt', 'namespace'],
    )
    const { metadata } = created
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: metadata.name ?? '', uid: metadata.uid ?? '' }
    const token = await tokenOf(client, { namespace, name: 'default' }, { boundObjectRef })
    const { authenticated, user } = await reviewed(client, token)
    assert.equal(authenticated, true)
    assert.deepEqual(user.extra?.['authentication.kubernetes.io/pod-name'], ['main'])
  })

  requirement(
    'TokenRequestProjection should mount a projected volume with token using TokenRequest API.',
    async ({ client, namespace }) => {
      const volumes = [
        { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } },
      ]
      const containers = [
        { name: 'main', image: 'main:1', volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/tokens' }] },
      ]
      const { spec } = await client.create(Pod, pod(namespace, 'main', { volumes, containers }))
      assert.deepEqual(spec.volumes?.find(({ name }) => name === 'token')?.projected, {
        defaultMode: 0o644,
        sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 3600 } }],
      })
      assert.deepEqual(mounting(await client.get(Pod, { namespace, name: 'main' })), ['main'])
      const short = [
        { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } },
      ]
      await assert.rejects(client.create(Pod, pod(namespace, 'short', { volumes: short, containers })), { code: 422 })
    },
  )

  requirement('ServiceAccount lifecycle test', async ({ client, namespace }) => {
    const labelSelector = 'kind=static'
    const { resourceVersion } = await client.list(ServiceAccount, { namespace })
    const { metadata } = await account(client, namespace, {}, { kind: 'static' })
    const body = { automountServiceAccountToken: false }
    const patched = await client.patch(ServiceAccount, metadata, { type: 'strategic', body })
    assert.equal(patched.automountServiceAccountToken, false)
    const { items } = await client.list(ServiceAccount, { labelSelector })
    assert.deepEqual(
      items.map(({ metadata, automountServiceAccountToken }) => [metadata.name, automountServiceAccountToken]),
      [['robot', false]],
    )
    await client.deleteCollection(ServiceAccount, { namespace, labelSelector })
    assert.deepEqual(await changesUntilDeleted(client, ServiceAccount, { namespace, labelSelector, resourceVersion }), [
      'ADDED',
      'MODIFIED',
      'DELETED',
    ])
  })

  requirement('ServiceAccount, update a ServiceAccount', async ({ client, namespace }) => {
    const created = await account(client, namespace)
    const updated = await client.update(ServiceAccount, { ...created, automountServiceAccountToken: true })
    assert.equal(updated.automountServiceAccountToken, true)
    assert.equal((await client.get(ServiceAccount, created.metadata)).automountServiceAccountToken, true)
  })

  requirement('SubjectReview, API Operations', async ({ client, namespace }) => {
    await account(client, namespace)
    const user = `system:serviceaccount:${namespace}:robot`
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    const impersonated = async () => {
      const answer = await client.request({ method: 'GET', path, headers: { 'impersonate-user': user } })
      await answerOf(answer)
      return answer.status === 200
    }
    const spec = { user, resourceAttributes: { namespace, verb: 'list', version: 'v1', resource: 'configmaps' } }
    const allowed = async (wanted: boolean) => {
      assert.equal((await client.create(SubjectAccessReview, { spec })).status.allowed, wanted)
      const local = await client.create(LocalSubjectAccessReview, { metadata: { namespace }, spec })
      assert.equal(local.status.allowed, wanted)
      assert.equal(await impersonated(), wanted)
    }
    await allowed(false)
    await client.create(RoleBinding, {
      metadata: { namespace, name: 'robot' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', namespace, name: 'robot' }],
    })
    await eventually(() => allowed(true))
    const elsewhere = { metadata: { namespace: 'default' }, spec }
    await assert.rejects(client.create(LocalSubjectAccessReview, elsewhere), { code: 422 })
  })
})
