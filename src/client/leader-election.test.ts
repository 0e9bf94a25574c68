import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Lease, type LeaseInit } from '../api/coordination/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import { alreadyExists, notFound, serviceUnavailable, staleObject } from '../machinery/status-error.js'
import type { Client } from './client.js'
import { claimed, electLeader, heldByOther } from './leader-election.js'

const name = { group: 'coordination.k8s.io', plural: 'leases' }

/** One lease with optimistic locking, as a server keeps it. */
class LeaseServer {
  lease: Lease | undefined
  away = false
  #version = 0

  readonly client = {
    get: async () => {
      this.#reach()
      if (!this.lease) throw notFound(name, 'l')
      return this.lease
    },
    create: async (_kind: unknown, lease: LeaseInit) => {
      this.#reach()
      if (this.lease) throw alreadyExists(name, 'l')
      return this.#keep(lease)
    },
    update: async (_kind: unknown, lease: LeaseInit) => {
      this.#reach()
      if (lease.metadata?.resourceVersion !== this.lease?.metadata.resourceVersion) throw staleObject(name, 'l')
      return this.#keep(lease)
    },
  } as unknown as Client

  #reach(): void {
    if (this.away) throw serviceUnavailable('away')
  }

  #keep(lease: LeaseInit): Lease {
    this.#version++
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } } as Lease
    return this.lease
  }

  get holder(): string | undefined {
    return this.lease?.spec.holderIdentity
  }
}

function candidates(...identities: string[]) {
  const server = new LeaseServer()
  const clock = new ManualClock()
  const log: string[] = []
  const started = identities.map(identity =>
    electLeader(
      {
        client: server.client,
        lease: { namespace: 'kube-system', name: 'l' },
        identity,
        clock,
        random: () => 0,
        onError: () => {},
      },
      () => {
        log.push(`${identity} begins`)
        return { [Symbol.asyncDispose]: async () => void log.push(`${identity} ends`) }
      },
    ),
  )
  const pass = async (seconds: number) => {
    await settle()
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000)
      await settle()
    }
  }
  const settle = async () => {
    for (let i = 0; i < 5; i++) await turn()
  }
  return { server, clock, log, started, pass }
}

describe('leader election', () => {
  test('one leads, the other waits', async () => {
    const { server, log, started, pass } = candidates('a', 'b')
    await pass(60)
    assert.equal(server.holder, 'a')
    assert.deepEqual(log, ['a begins'])
    assert.deepEqual(
      started.map(({ leading }) => leading),
      [true, false],
    )
    await Promise.all(started.map(one => one[Symbol.asyncDispose]()))
  })

  test('giving up ends the work, then hands the lease over at once', async () => {
    const { server, log, started, pass } = candidates('a', 'b')
    await pass(5)
    const [first, second] = started
    await first?.[Symbol.asyncDispose]()
    assert.equal(server.holder, '')
    await pass(3)
    assert.equal(server.holder, 'b')
    assert.deepEqual(log, ['a begins', 'a ends', 'b begins'])
    assert.equal(server.lease?.spec.leaseTransitions, 1)
    await second?.[Symbol.asyncDispose]()
  })

  test('a leader that cannot renew steps down and stands again', async () => {
    const { server, log, started, pass } = candidates('a')
    await pass(5)
    server.away = true
    await pass(8)
    assert.deepEqual(log, ['a begins'])
    await pass(3)
    assert.deepEqual(log, ['a begins', 'a ends'])
    server.away = false
    await pass(3)
    assert.deepEqual(log, ['a begins', 'a ends', 'a begins'])
    await started[0]?.[Symbol.asyncDispose]()
  })

  test('the lease of one who has died runs out', async () => {
    const { server, log, started, pass } = candidates()
    assert.deepEqual(started, [])
    await server.client.create(Lease, { metadata: {}, spec: claimed({}, 'dead', 15_000, 0) })
    const clock = new ManualClock()
    const election = electLeader(
      { client: server.client, lease: { namespace: 'n', name: 'l' }, identity: 'b', clock, random: () => 0 },
      () => ({ [Symbol.asyncDispose]: async () => {} }),
    )
    for (let i = 0; i < 14; i++) {
      await pass(0)
      clock.advance(1000)
    }
    await pass(0)
    assert.equal(server.holder, 'dead')
    for (let i = 0; i < 4; i++) {
      clock.advance(1000)
      await pass(0)
    }
    assert.equal(server.holder, 'b')
    assert.deepEqual(log, [])
    await election[Symbol.asyncDispose]()
  })

  test('who holds it', () => {
    const at = 1000
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15 }
    const table: [string, boolean, Parameters<typeof heldByOther>][] = [
      ['another, in time', true, [{ spec, at }, 'b', 15_999]],
      ['another, run out', false, [{ spec, at }, 'b', 16_000]],
      ['we ourselves', false, [{ spec, at }, 'a', 2000]],
      ['nobody', false, [{ spec: { ...spec, holderIdentity: '' }, at }, 'b', 2000]],
    ]
    for (const [what, expected, given] of table) assert.equal(heldByOther(...given), expected, what)
  })
})
