import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Secret, ServiceAccount } from '../../api/core/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { legacyTokenCleaner } from './legacy-token-cleaner.js'

const day = 24 * 3_600_000

it('tokens that nobody uses become invalid, and go', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now() + 12 * day)
  const controllers = [legacyTokenCleaner({ cleanUpPeriod: 10 * day })]
  await using running = runControllers(controllers, { client, informers, clock, onError })
  await running.ready
  const namespace = 'default'
  await client.create(ServiceAccount, {
    metadata: { namespace, name: 'robot' },
    secrets: [{ name: 'generated' }],
  })
  for (const name of ['generated', 'by-hand'])
    await client.create(Secret, {
      metadata: { namespace, name, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    })
  await eventually(async () => {
    const { metadata } = await client.get(Secret, { namespace, name: 'generated' })
    const today = new Date(clock.now()).toISOString().slice(0, 10)
    assert.equal(metadata.labels?.['kubernetes.io/legacy-token-invalid-since'], today)
  })
  clock.advance(12 * day)
  await eventually(async () => {
    const { items } = await client.list(Secret, { namespace })
    assert.deepEqual(
      items.map(({ metadata }) => [metadata.name, metadata.labels]),
      [['by-hand', undefined]],
    )
  })
  assert.deepEqual(plane.faults.map(String), [])
})
