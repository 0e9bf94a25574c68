import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Node } from '../../api/core/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { ttl } from './ttl.js'

it('nodes are told how long they may use what they know', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const make = (name: string) => client.create(Node, { metadata: { name } })
  const told = async (name: string) =>
    (await client.get(Node, { name })).metadata.annotations?.['node.alpha.kubernetes.io/ttl']
  await using running = runControllers([ttl()], { client, informers, onError })
  await running.ready
  await make('first')
  await eventually(async () => assert.equal(await told('first'), '0'))
  await Promise.all(Array.from({ length: 100 }, (_, i) => make(`n${i}`)))
  // The others are told as they report next.
  await eventually(async () => {
    await client.patch(
      Node,
      { name: 'first' },
      { type: 'merge', body: { metadata: { labels: { beat: `${Date.now()}` } } } },
    )
    assert.equal(await told('first'), '15')
  })
  assert.deepEqual(plane.faults.map(String), [])
})
