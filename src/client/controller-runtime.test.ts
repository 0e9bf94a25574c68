import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Deployment, ReplicaSet } from '../api/apps/v1/index.js'
import { ConfigMap, type EventInit, Pod } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { staleObject } from '../machinery/status-error.js'
import type { Client } from './client.js'
import {
  type Again,
  type Controller,
  concerning,
  controller,
  type Key,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from './controller.js'
import { type ControllersOptions, type FaultPlace, runControllers } from './controller-runtime.js'
import { ScriptedClient, type ScriptedWatch } from './test-watch.js'

const object = (name: string, resourceVersion: number, owner?: { kind: string; name: string }): ApiObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: {
    namespace: 'ns',
    name,
    uid: name,
    resourceVersion: String(resourceVersion),
    ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', uid: owner.name, controller: true, ...owner }] } : {}),
  },
})

type Reconcile = (key: Key, context: ReconcileContext) => Promise<Again | undefined>

/** A controller of replica sets over scripted watches, with those writes a test gives it. */
async function running(
  reconcile: Reconcile,
  watches: Partial<Controller['watches']> = {},
  writes: object = {},
  more: Partial<Controller> = {},
  options: Partial<ControllersOptions> = {},
) {
  const server = new ScriptedClient()
  const clock = new ManualClock()
  const faults: { error: unknown; where: FaultPlace }[] = []
  const calls: string[] = []
  const run = runControllers(
    [
      controller({
        name: 'test',
        ...more,
        watches: { for: ReplicaSet, ...watches },
        reconcile(key, context) {
          calls.push(`${key.namespace}/${key.name}`)
          return reconcile(key, context)
        },
      }),
    ],
    {
      ...options,
      client: { ...server.client, ...writes } as Client,
      clock,
      random: () => 0,
      onError: (error, where) => faults.push({ error, where }),
    },
  )
  const opened = 1 + (watches.owns?.length ?? 0) + (watches.reads?.length ?? 0) + (watches.also?.length ?? 0)
  const watching: ScriptedWatch[] = []
  for (let i = 0; i < opened; i++) watching.push(await server.next())
  const settle = async () => {
    for (let i = 0; i < 6; i++) await turn()
  }
  const synced = async () => {
    for (const watch of watching) watch.bookmark('1', true)
    await run.ready
    await settle()
  }
  return { run, clock, faults, calls, watching, settle, synced }
}

const nothing: Reconcile = async () => undefined

describe('controller runtime', () => {
  test('works on nothing before all caches are filled, then on every object', async () => {
    const { run, calls, watching, settle } = await running(nothing, { owns: [Pod] })
    watching[0]?.send('ADDED', object('a', 1))
    watching[0]?.bookmark('1', true)
    await settle()
    assert.deepEqual(calls, [])
    watching[1]?.bookmark('1', true)
    await run.ready
    await settle()
    assert.deepEqual(calls, ['ns/a'])
    assert.equal(run.idle, true)
    await run[Symbol.asyncDispose]()
  })

  test('what an object owns brings its key; others do not', async () => {
    const { run, calls, watching, settle, synced } = await running(nothing, { owns: [Pod] })
    await synced()
    watching[1]?.send('ADDED', object('p1', 2, { kind: 'ReplicaSet', name: 'mine' }))
    watching[1]?.send('ADDED', object('p2', 3, { kind: 'DaemonSet', name: 'other' }))
    watching[1]?.send('ADDED', object('p3', 4))
    await settle()
    assert.deepEqual(calls, ['ns/mine'])
    watching[1]?.send('MODIFIED', object('p1', 5, { kind: 'ReplicaSet', name: 'next' }))
    await settle()
    assert.deepEqual(calls.slice(1).sort(), ['ns/mine', 'ns/next'], 'old and new owner')
    await run[Symbol.asyncDispose]()
  })

  test('objects that do not concern it bring nothing', async () => {
    const concerns = concerning(ReplicaSet, ({ metadata }) => metadata.name !== 'other')
    const { run, calls, watching, settle, synced } = await running(nothing, { concerns })
    watching[0]?.send('ADDED', object('mine', 1))
    watching[0]?.send('ADDED', object('other', 2))
    await synced()
    watching[0]?.send('MODIFIED', object('other', 3))
    await settle()
    assert.deepEqual(calls, ['ns/mine'])
    await run[Symbol.asyncDispose]()
  })

  test('whether an object concerns it may depend on others, whose caches are filled before the first is asked about', async () => {
    const concerns = concerning(
      ReplicaSet,
      ({ metadata }, cache) => cache.get(ConfigMap, { namespace: 'ns', name: metadata.name ?? '' }) !== undefined,
    )
    const { run, calls, watching, settle } = await running(nothing, { concerns, reads: [ConfigMap] })
    watching[0]?.send('ADDED', object('a', 1))
    watching[0]?.send('ADDED', object('b', 2))
    watching[0]?.bookmark('2', true)
    await settle()
    watching[1]?.send('ADDED', object('a', 3))
    watching[1]?.bookmark('3', true)
    await run.ready
    await settle()
    assert.deepEqual(calls, ['ns/a'])
    for (const event of ['MODIFIED', 'DELETED'] as const) {
      watching[0]?.send(event, object('a', 4))
      watching[0]?.send(event, object('b', 5))
      await settle()
    }
    assert.deepEqual(calls, ['ns/a', 'ns/a', 'ns/a'])
    await run[Symbol.asyncDispose]()
  })

  test('other kinds bring the keys they say', async () => {
    const also = [
      watchAlso(ConfigMap, (map, old) => [{ namespace: 'ns', name: `${map.metadata.name}-${old ? 2 : 1}` }]),
    ]
    const { run, calls, watching, settle, synced } = await running(nothing, { also })
    await synced()
    watching[1]?.send('ADDED', object('c', 2))
    await settle()
    watching[1]?.send('MODIFIED', object('c', 3))
    await settle()
    assert.deepEqual(calls, ['ns/c-1', 'ns/c-2'])
    await run[Symbol.asyncDispose]()
  })

  test('reading a kind that was not declared is a fault', async () => {
    const { run, faults, watching, settle, synced } = await running(async (_key, { list }) => {
      list(Deployment)
      return undefined
    })
    await synced()
    watching[0]?.send('ADDED', object('a', 2))
    await settle()
    assert.match(String(faults[0]?.error), /deployments are read but not watched/)
    assert.deepEqual(faults[0]?.where, { controller: 'test', key: { namespace: 'ns', name: 'a' } })
    await run[Symbol.asyncDispose]()
  })

  test('a key is not worked on again before the cache shows what was written for it', async () => {
    const writes = { create: async () => object('p', 10) }
    const { run, calls, watching, settle, synced } = await running(
      async ({ name }, { client }) => {
        if (name === 'a') await client.create(Pod, {} as never)
        return undefined
      },
      { owns: [Pod] },
      writes,
    )
    await synced()
    watching[0]?.send('ADDED', object('a', 2))
    await settle()
    watching[0]?.send('MODIFIED', object('a', 3))
    watching[0]?.send('ADDED', object('b', 4))
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/b'], 'held back; others go on')
    assert.equal(run.idle, false)
    watching[1]?.bookmark('9')
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/b'])
    watching[1]?.bookmark('10')
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/b', 'ns/a'])
    await run[Symbol.asyncDispose]()
  })

  test('a paced key rests after a run that wrote, and only then', async () => {
    let version = 10
    const { run, calls, clock, watching, settle, synced } = await running(
      async ({ name }, { client }) => {
        if (name === 'a') await client.create(Pod, {} as never)
        return undefined
      },
      { owns: [Pod] },
      { create: async () => object('p', version) },
      { pace: 100 },
    )
    await synced()
    watching[0]?.send('ADDED', object('a', 2))
    watching[0]?.send('ADDED', object('b', 3))
    await settle()
    watching[1]?.bookmark('10')
    watching[0]?.send('MODIFIED', object('a', 11))
    watching[0]?.send('MODIFIED', object('b', 12))
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/b', 'ns/b'])
    version = 0
    clock.advance(100)
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/b', 'ns/b', 'ns/a'])
    clock.advance(1000)
    await settle()
    assert.equal(calls.length, 4)
    await run[Symbol.asyncDispose]()
  })

  test('nor before the cache shows a deletion; but it does not wait for ever', async () => {
    const { run, calls, clock, watching, settle, synced } = await running(
      async (_key, { client }) => {
        await client.delete(Pod, { namespace: 'ns', name: 'p' })
        return undefined
      },
      { owns: [Pod] },
      { delete: async () => {} },
    )
    watching[1]?.send('ADDED', object('p', 1))
    watching[0]?.send('ADDED', object('a', 1))
    await synced()
    assert.deepEqual(calls, ['ns/a'])
    watching[0]?.send('MODIFIED', object('a', 2))
    await settle()
    assert.deepEqual(calls, ['ns/a'])
    watching[1]?.send('MODIFIED', {
      metadata: { ...object('p', 3).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    })
    await settle()
    assert.deepEqual(calls, ['ns/a', 'ns/a'])
    watching[1]?.send('ADDED', { metadata: { ...object('p', 5).metadata, uid: 'again' } })
    watching[0]?.send('MODIFIED', object('a', 6))
    await settle()
    watching[0]?.send('MODIFIED', object('a', 7))
    await settle()
    const before = calls.length
    clock.advance(5_000)
    await settle()
    assert.equal(calls.length, before + 1)
    await run[Symbol.asyncDispose]()
  })

  test('errors are reported and tried again, conflicts only tried again', async () => {
    const problems: unknown[] = [new Error('broken'), staleObject({ group: '', plural: 'pods' }, 'p')]
    const { run, calls, clock, faults, watching, settle, synced } = await running(async () => {
      const problem = problems.shift()
      if (problem) throw problem
      return undefined
    })
    watching[0]?.send('ADDED', object('a', 1))
    await synced()
    clock.advance(5)
    await settle()
    clock.advance(10)
    await settle()
    clock.advance(1000)
    await settle()
    assert.equal(calls.length, 3)
    assert.deepEqual(
      faults.map(({ error }) => String(error)),
      ['Error: broken'],
    )
    await run[Symbol.asyncDispose]()
  })

  test('faults are told as events of the object, where that is wanted and the object is there', async () => {
    for (const faultsAsEvents of [true, false]) {
      const events: EventInit[] = []
      const create = async (_kind: unknown, event: EventInit) => void events.push(event)
      const { run, watching, clock, settle, synced } = await running(
        async ({ name }) => {
          throw name === 'behind' ? staleObject({ group: '', plural: 'pods' }, 'p') : new Error('broken')
        },
        {},
        { create },
        {},
        { faultsAsEvents },
      )
      watching[0]?.send('ADDED', object('a', 1))
      watching[0]?.send('ADDED', object('behind', 2))
      await synced()
      watching[0]?.send('DELETED', object('a', 3))
      clock.advance(5)
      await settle()
      const told = events.map(({ type, reason, message, involvedObject, count }) => [
        `${type} ${reason}: ${message} (${count})`,
        involvedObject.name,
      ])
      assert.deepEqual(told, faultsAsEvents ? [['Warning FailedReconcile: broken (1)', 'a']] : [])
      await run[Symbol.asyncDispose]()
    }
  })

  test('looks again when it was asked to, unless a run in between asked otherwise', async () => {
    const answers: (Again | undefined)[] = [{ after: 1000 }, { after: 3000 }, undefined]
    const { run, calls, clock, watching, settle, synced } = await running(async () => answers.shift())
    watching[0]?.send('ADDED', object('a', 1))
    await synced()
    clock.advance(500)
    watching[0]?.send('MODIFIED', object('a', 2))
    await settle()
    assert.equal(calls.length, 2)
    clock.advance(2999)
    await settle()
    assert.equal(calls.length, 2)
    clock.advance(1)
    await settle()
    assert.equal(calls.length, 3)
    clock.advance(100_000)
    await settle()
    assert.equal(calls.length, 3)
    await run[Symbol.asyncDispose]()
  })

  test('conflicts that go on are reported', async () => {
    const { run, calls, clock, faults, watching, settle, synced } = await running(async () => {
      throw staleObject({ group: '', plural: 'pods' }, 'p')
    })
    watching[0]?.send('ADDED', object('a', 1))
    await synced()
    for (let i = 0; i < 6; i++) {
      clock.advance(1000)
      await settle()
    }
    assert.equal(calls.length, 7)
    assert.equal(faults.length, 2)
    await run[Symbol.asyncDispose]()
  })

  test('changes of owned objects that do not matter bring nothing; a new owner, coming and going always do', async () => {
    const owns = [watchOwned(Pod, (pod, old) => pod.metadata.generation !== old.metadata.generation)]
    const { run, calls, watching, settle, synced } = await running(nothing, { owns })
    await synced()
    const pod = (version: number, generation: number, owner = 'r') => {
      const made = object('p', version, { kind: 'ReplicaSet', name: owner })
      return { ...made, metadata: { ...made.metadata, generation } }
    }
    const table: [Parameters<ScriptedWatch['send']>, string[]][] = [
      [['ADDED', pod(2, 1)], ['ns/r']],
      [['MODIFIED', pod(3, 1)], []],
      [['MODIFIED', pod(4, 2)], ['ns/r']],
      [
        ['MODIFIED', pod(5, 2, 's')],
        ['ns/r', 'ns/s'],
      ],
      [['DELETED', pod(6, 2, 's')], ['ns/s']],
    ]
    for (const [event, expected] of table) {
      calls.length = 0
      watching[1]?.send(...event)
      await settle()
      assert.deepEqual(calls.sort(), expected, `version ${event[1].metadata.resourceVersion}`)
    }
    await run[Symbol.asyncDispose]()
  })

  test('stops: the signal aborts, what runs is waited for, nothing starts', async () => {
    let ended = false
    const { run, calls, watching, settle, synced, faults } = await running(
      (_key, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended = true
            reject(new Error('aborted'))
          })
        }),
    )
    watching[0]?.send('ADDED', object('a', 1))
    await synced()
    await run[Symbol.asyncDispose]()
    assert.equal(ended, true)
    assert.deepEqual(faults, [])
    watching[0]?.send('ADDED', object('b', 2))
    await settle()
    assert.deepEqual(calls, ['ns/a'])
  })
})
