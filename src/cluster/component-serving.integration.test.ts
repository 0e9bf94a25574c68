import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { ServiceAccount } from '../api/core/v1/index.js'
import { ClusterRole, ClusterRoleBinding } from '../api/rbac/v1/index.js'
import { type ComponentServing, serveComponent } from './component-serving.js'
import { ControlPlane } from './control-plane.js'
import { issueClientCertificate } from './pki.js'

const namespace = 'default'

interface Caller {
  readonly token?: string
  readonly cert?: string
  readonly key?: string
}

/** Status and text of an answer, over a connection of its own. */
function ask(port: number, path: string, { token, ...tls }: Caller = {}): Promise<readonly [number, string]> {
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers, agent: false, rejectUnauthorized: false, ...tls })
    asking.on('error', reject)
    asking.on('response', answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      answer.on('end', () => resolve([answer.statusCode ?? 0, text]))
    })
    asking.end()
  })
}

describe('what a component serves', () => {
  let plane: ControlPlane
  let serving: ComponentServing
  let token: string
  let isWell = true
  before(async () => {
    plane = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    const { client } = plane
    await client.create(ServiceAccount, { metadata: { namespace, name: 'reader' } })
    await client.create(ClusterRole, {
      metadata: { name: 'metrics' },
      rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
    })
    await client.create(ClusterRoleBinding, {
      metadata: { name: 'metrics' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'metrics' },
      subjects: [{ kind: 'ServiceAccount', namespace, name: 'reader' }],
    })
    const answer = await client.post(ServiceAccount, { namespace, name: 'reader' }, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [] },
    })
    token = (answer as unknown as { status: { token: string } }).status.token
    serving = await serveComponent({
      host: '127.0.0.1',
      port: 0,
      authentication: client,
      authorization: client,
      component: 'kube-scheduler',
      flags: { 'secure-port': '0' },
      openPaths: ['/healthz', '/livez*'],
      checks: () => [
        {
          name: 'work',
          check() {
            if (!isWell) throw new Error('it does not')
          },
        },
      ],
      metrics: () => 'things 1\n',
      moreMetrics: { '/metrics/resources': () => 'pods 2\n' },
      configz: { component: { parallelism: 16 } },
      onError: error => assert.fail(String(error)),
    })
  })
  after(async () => {
    await serving[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
  })

  const codeOf = async (path: string, caller?: Caller) => (await ask(serving.port, path, caller))[0]

  it('shows everybody how it is, and nothing else', async () => {
    assert.deepEqual(await ask(serving.port, '/healthz'), [200, 'ok'])
    assert.equal(await codeOf('/livez/work'), 200)
    const [code, text] = await ask(serving.port, '/metrics')
    assert.equal(code, 403)
    assert.equal(JSON.parse(text).message, 'forbidden: User "system:anonymous" cannot get path "/metrics"')
  })

  it('tells when it is not well', async () => {
    isWell = false
    const [code, text] = await ask(serving.port, '/healthz')
    isWell = true
    assert.deepEqual([code, text], [500, '[-]work failed: reason withheld\nhealthz check failed\n'])
  })

  it('asks the cluster whom a token speaks for, and what that one may do', async () => {
    assert.deepEqual(await ask(serving.port, '/metrics', { token }), [200, 'things 1\n'])
    assert.equal(await codeOf('/configz', { token }), 403)
    assert.equal(await codeOf('/metrics', { token: 'wrong' }), 401)
  })

  it('believes certificates of the authority that the cluster publishes', async () => {
    const issued = await issueClientCertificate(plane.pki.ca, { commonName: 'boss', organizations: ['system:masters'] })
    const boss = { cert: issued.certificate, key: issued.key }
    // It is told of the authority while it serves already.
    while ((await codeOf('/configz', boss)) === 403) await new Promise(resolve => setImmediate(resolve))
    const [code, text] = await ask(serving.port, '/configz', boss)
    assert.deepEqual([code, JSON.parse(text)], [200, { component: { parallelism: 16 } }])
    assert.match(
      (await ask(serving.port, '/metrics/slis', boss))[1],
      /^kubernetes_healthcheck\{name="work",type="healthz"\} 0$/m,
    )
    assert.deepEqual(await ask(serving.port, '/metrics/resources', boss), [200, 'pods 2\n'])
    assert.match((await ask(serving.port, '/flagz', boss))[1], /^\nkube-scheduler flagz\n[\s\S]*\nsecure-port=0\n$/)
    assert.match((await ask(serving.port, '/statusz', boss))[1], /\nBinary version: 1\.36\./)
    assert.equal(await codeOf('/elsewhere', boss), 404)
  })
})
