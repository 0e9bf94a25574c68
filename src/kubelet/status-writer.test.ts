import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod, type PodStatus } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import { statusPatch } from './status-patch.js'
import { StatusWriter } from './status-writer.js'
import { FakeClient } from './test-client.js'
import { pod } from './test-pods.js'

const condition = (type: string, status: string, rest = {}) => ({
  type,
  status,
  lastProbeTime: null,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...rest,
})

describe('status patches', () => {
  const table: readonly (readonly [string, PodStatus, PodStatus, unknown])[] = [
    ['nothing', { phase: 'Running' }, { phase: 'Running' }, undefined],
    ['what changed', { phase: 'Pending', hostIP: '1' }, { phase: 'Running', hostIP: '1' }, { phase: 'Running' }],
    ['what went', { reason: 'x' }, {}, { reason: null }],
    ['not the fields of others', { nominatedNodeName: 'n' }, {}, undefined],
    [
      'addresses',
      { podIPs: [{ ip: '1' }] },
      { podIPs: [{ ip: '2' }] },
      { podIPs: [{ ip: '2' }, { ip: '1', $patch: 'delete' }] },
    ],
    [
      'conditions that changed',
      { conditions: [condition('A', 'True'), condition('B', 'False', { reason: 'x' }), condition('C', 'True')] },
      { conditions: [condition('A', 'True'), condition('B', 'True')] },
      { conditions: [{ ...condition('B', 'True'), reason: null, message: null }] },
    ],
    [
      'own conditions that went',
      { conditions: [condition('PodResizePending', 'True')] },
      { conditions: [] },
      { conditions: [{ type: 'PodResizePending', $patch: 'delete' }] },
    ],
  ]
  for (const [title, before, after, want] of table)
    it(`tell ${title}`, () => assert.deepEqual(statusPatch(before, after), want))
})

describe('the status writer', () => {
  const setup = () => {
    const client = new FakeClient()
    const clock = new ManualClock()
    const stored = client.put(Pod, pod())
    return { client, clock, stored, writer: new StatusWriter(client, clock) }
  }
  const patches = (client: FakeClient) => client.requests.filter(({ verb }) => verb === 'patch').length

  it('writes at once, and what changes meanwhile in one go', async () => {
    const { client, stored, writer } = setup()
    writer.set(stored, { phase: 'Pending' })
    writer.set(stored, { phase: 'Running' })
    writer.set(stored, { phase: 'Running', message: 'x' })
    await writer.written('u1')
    assert.equal(client.peek(Pod, stored.metadata)?.status.message, 'x')
    assert.equal(patches(client), 2)
    writer.set(stored, { phase: 'Running', message: 'x' })
    await writer.written('u1')
    assert.equal(patches(client), 2)
  })

  it('tries again while the server is away, with the newest status', async () => {
    const { client, clock, stored, writer } = setup()
    client.down = true
    writer.set(stored, { phase: 'Pending' })
    await new Promise(setImmediate)
    writer.set(stored, { phase: 'Running' })
    client.down = false
    const written = writer.written('u1')
    clock.advance(10_000)
    await written
    assert.equal(client.peek(Pod, stored.metadata)?.status.phase, 'Running')
  })

  it('leaves another pod of the same name alone', async () => {
    const { client, stored, writer } = setup()
    client.remove(Pod, stored.metadata)
    client.put(Pod, pod({}, { uid: 'u2' }))
    writer.set(stored, { phase: 'Failed' })
    await writer.written('u1')
    assert.equal(client.peek(Pod, stored.metadata)?.status.phase, undefined)
  })

  it('has nothing to say about a pod that is gone', async () => {
    const { client, stored, writer } = setup()
    client.remove(Pod, stored.metadata)
    writer.set(stored, { phase: 'Failed' })
    await writer.written('u1')
  })

  it('takes back what others wrote into its fields', async () => {
    const { client, stored, writer } = setup()
    writer.set(stored, { phase: 'Running' })
    await writer.written('u1')
    const changed = client.put(Pod, { ...stored, status: { phase: 'Failed' } })
    writer.seen(changed)
    writer.set(changed, { phase: 'Running' })
    await writer.written('u1')
    assert.equal(client.peek(Pod, stored.metadata)?.status.phase, 'Running')
  })
})
