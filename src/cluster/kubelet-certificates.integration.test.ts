import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { bootstrapTokenSecret } from '../api/core/v1/bootstrap-token.js'
import { Node, Secret } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import { httpsTransport } from '../client/https-transport.js'
import { eventually } from '../controllers/eventually.js'
import {
  CertificateRotation,
  CertificateStore,
  clientWish,
  requestCertificate,
  servingWish,
} from '../kubelet/certificates/index.js'
import { ManualClock } from '../machinery/clock.js'
import { ControlPlane } from './control-plane.js'
import { prepareJoining } from './joining.js'

const day = 24 * 3_600_000

it('a node introduces itself by a token, and renews its certificates by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-rotation-'))
  const alive = setInterval(() => {}, 1000)
  try {
    await using plane = await ControlPlane.start({
      scheduler: false,
      authentication: { bootstrapTokens: true },
      apiServerNodes: [],
    })
    const { endpoint, client } = plane
    assert.ok(endpoint)
    await prepareJoining(client, endpoint)
    const token = {
      id: 'abcdef',
      secret: '0123456789abcdef',
      usages: ['authentication'] as const,
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    }
    await client.create(Secret, bootstrapTokenSecret(token))
    const signal = AbortSignal.timeout(120_000)

    await using stranger = httpsTransport({
      ...endpoint,
      clientCert: '',
      clientKey: '',
      token: 'abcdef.0123456789abcdef',
    })
    const first = await requestCertificate(apiClient(stranger.handle), clientWish('a'), { signal })
    await using transport = httpsTransport({ ...endpoint, clientCert: first.certificate, clientKey: first.key })
    const asNode = apiClient(transport.handle)
    await asNode.create(Node, { metadata: { name: 'a' } })

    const faults: unknown[] = []
    const clock = new ManualClock(Date.now())
    const shared = { client: asNode, clock, random: () => 0.5, onError: (error: unknown) => faults.push(error) }
    const clients = new CertificateStore(folder, 'kubelet-client')
    await clients.write(first)
    await using _client = new CertificateRotation({
      ...shared,
      store: clients,
      wish: () => clientWish('a'),
      renewed: ({ certificate, key }) => transport.renew({ clientCert: certificate, clientKey: key }),
    })
    let node: Node | undefined
    const servings = new CertificateStore(folder, 'kubelet-server')
    await using serving = new CertificateRotation({
      ...shared,
      store: servings,
      wish: () => servingWish(node),
      renewed: () => {},
    })
    const setAddress = async (address: string) => {
      const addresses = [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: 'a' },
      ]
      const body = { status: { addresses } }
      node = await asNode.patch(Node, { name: 'a' }, { type: 'merge', body }, { subresource: 'status' })
      serving.check()
    }
    const served = async () => new X509Certificate((await servings.read())?.certificate ?? '')
    await setAddress('192.0.2.7')
    await eventually(async () => assert.ok((await served()).checkIP('192.0.2.7')))
    await setAddress('192.0.2.8')
    await eventually(async () => assert.ok((await served()).checkIP('192.0.2.8')))

    // 80 % of a year.
    clock.advance(291 * day)
    assert.deepEqual(await clients.read(), first)
    clock.advance(2 * day)
    await eventually(async () => assert.notDeepEqual(await clients.read(), first))
    await asNode.get(Node, { name: 'a' })

    // What is another's is not given without asking a person.
    await setAddress('127.0.0.1')
    await eventually(async () => {
      const { body } = await client.request({ method: 'GET', path: '/api/v1/namespaces/default/events' })
      assert.match(JSON.stringify(body), /NotApproved/)
    })
    assert.ok((await served()).checkIP('192.0.2.8'))
    assert.deepEqual(faults.map(String), [])
  } finally {
    clearInterval(alive)
    await rm(folder, { recursive: true })
  }
})
