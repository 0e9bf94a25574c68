import assert from 'node:assert/strict'
import { it } from 'node:test'
import { bootstrapTokenSecret } from '../../api/core/v1/bootstrap-token.js'
import { ConfigMap, Secret } from '../../api/core/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { bootstrapSigner, detachedSignature } from './bootstrap-signer.js'
import { tokenCleaner } from './token-cleaner.js'

it('tokens sign what is published of the cluster until they end', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  await using running = runControllers([bootstrapSigner, tokenCleaner], { client, informers, clock, onError })
  await running.ready
  const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' }
  const dataIs = (expected: object) =>
    eventually(async () => assert.deepEqual((await client.get(ConfigMap, clusterInfo)).data, expected))
  const token = {
    id: 'abcdef',
    secret: '0123456789abcdef',
    usages: ['authentication', 'signing'] as const,
    groups: [],
    expires: clock.now() + 3_600_000,
  }
  await client.create(ConfigMap, { metadata: clusterInfo, data: { kubeconfig: 'one' } })
  await client.create(Secret, bootstrapTokenSecret(token))
  // A token that is for authentication alone vouches for nothing.
  await client.create(Secret, bootstrapTokenSecret({ ...token, id: '123456', usages: ['authentication'] }))
  await dataIs({ kubeconfig: 'one', 'jws-kubeconfig-abcdef': detachedSignature('one', token) })

  await client.patch(ConfigMap, clusterInfo, { type: 'merge', body: { data: { kubeconfig: 'two' } } })
  await dataIs({ kubeconfig: 'two', 'jws-kubeconfig-abcdef': detachedSignature('two', token) })

  clock.advance(3_600_001)
  await dataIs({ kubeconfig: 'two' })
  await eventually(async () => {
    const { items } = await client.list(Secret, { namespace: 'kube-system' })
    assert.deepEqual(items, [])
  })
  assert.deepEqual(plane.faults.map(String), [])
})
