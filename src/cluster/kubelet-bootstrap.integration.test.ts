import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { Node } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import { httpsTransport } from '../client/https-transport.js'
import { CertificateStore } from '../kubelet/certificates/index.js'
import { createBootstrapToken } from './bootstrap-tokens.js'
import { loadKubeconfig } from './connection.js'
import { ControlPlane } from './control-plane.js'
import { defaultTokenGroups, prepareJoining, publishedCluster } from './joining.js'
import { kubeconfigText } from './kubeconfig-text.js'
import { bootstrapKubelet } from './kubelet-bootstrap.js'

it('a new node gets its kubeconfig by a token, once, and again when its certificate is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-bootstrap-'))
  const alive = setInterval(() => {}, 1000)
  try {
    await using plane = await ControlPlane.start({ scheduler: false, authentication: { bootstrapTokens: true } })
    const { client, endpoint } = plane
    assert.ok(endpoint)
    await prepareJoining(client, endpoint)
    const cluster = await publishedCluster(client)
    assert.deepEqual(cluster, { server: endpoint.server, ca: endpoint.ca })
    await createBootstrapToken(client, {
      id: 'abcdef',
      secret: '0123456789abcdef',
      usages: ['authentication'],
      groups: defaultTokenGroups,
    })
    const bootstrapKubeconfig = join(folder, 'bootstrap')
    const kubeconfig = join(folder, 'etc/kubeconfig')
    await writeFile(bootstrapKubeconfig, kubeconfigText(cluster, 'new', { token: 'abcdef.0123456789abcdef' }))
    const store = new CertificateStore(join(folder, 'pki'), 'kubelet-client')
    const faults: unknown[] = []
    const bootstrap = () =>
      bootstrapKubelet({
        nodeName: 'a',
        kubeconfig,
        bootstrapKubeconfig,
        store,
        signal: AbortSignal.timeout(120_000),
        onError: error => faults.push(error),
      })
    await bootstrap()
    await using transport = httpsTransport(await loadKubeconfig(kubeconfig))
    const asNode = apiClient(transport.handle)
    await asNode.create(Node, { metadata: { name: 'a' } })
    await assert.rejects(asNode.create(Node, { metadata: { name: 'b' } }), { code: 403 })
    const first = await store.read()
    await bootstrap()
    assert.deepEqual(await store.read(), first)
    await rm(store.path)
    await bootstrap()
    assert.notDeepEqual(await store.read(), first)
    assert.deepEqual(faults.map(String), [])
  } finally {
    clearInterval(alive)
    await rm(folder, { recursive: true })
  }
})
