import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ConfigMap, Pod } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { badRequest, gone, serviceUnavailable } from '../machinery/status-error.js'
import { index } from './controller.js'
import { Informer } from './informer.js'
import { Informers } from './informers.js'
import { ScriptedClient } from './test-watch.js'

const object = (name: string, resourceVersion: number, more: Partial<ApiObject['metadata']> = {}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'a', name, uid: `uid-${name}`, resourceVersion: String(resourceVersion), ...more },
})

function started(options: { readonly errors?: unknown[] } = {}) {
  const server = new ScriptedClient()
  const clock = new ManualClock()
  const informer = new Informer<ApiObject>(ConfigMap, {
    client: server.client,
    clock,
    random: () => 0,
    onError: error => options.errors?.push(error),
  }).start()
  const heard: string[] = []
  informer.onChange(({ metadata }, old, change) => {
    heard.push(`${change} ${metadata.name} ${old?.metadata.resourceVersion ?? '-'}>${metadata.resourceVersion}`)
  })
  return { server, clock, informer, heard }
}

describe('informer', () => {
  test('begins with a streamed list and follows what changes', async () => {
    const { server, informer, heard } = started()
    const watch = await server.next()
    assert.equal(watch.options.sendInitialEvents, true)
    watch.send('ADDED', object('one', 3))
    watch.send('ADDED', object('two', 4))
    await turn()
    assert.equal(informer.hasSynced, false)
    assert.deepEqual(heard, [])
    watch.bookmark('7', true)
    await informer.synced()
    assert.deepEqual(heard, ['added one ->3', 'added two ->4'])
    assert.equal(informer.progress, 7)
    watch.send('MODIFIED', object('one', 8))
    watch.send('DELETED', object('two', 9))
    watch.bookmark('20')
    await informer.reached(20)
    assert.deepEqual(heard.slice(2), ['modified one 3>8', 'deleted two 4>9'])
    assert.equal(informer.size, 1)
    assert.equal(informer.get({ namespace: 'a', name: 'one' })?.metadata.resourceVersion, '8')
    await informer[Symbol.asyncDispose]()
  })

  test('keeps the objects it was given', async () => {
    const { server, informer } = started()
    const given = Object.freeze(object('one', 1))
    const watch = await server.next()
    watch.send('ADDED', given)
    watch.bookmark('1', true)
    await informer.synced()
    assert.equal(informer.get(given.metadata), given)
    assert.equal(informer.list({ namespace: 'a' })[0], given)
    await informer[Symbol.asyncDispose]()
  })

  test('resumes where the watch ended', async () => {
    const { server, informer, heard } = started()
    const first = await server.next()
    first.bookmark('5', true)
    await informer.synced()
    first.send('ADDED', object('one', 6))
    first.end()
    const second = await server.next()
    assert.equal(second.options.resourceVersion, '6')
    assert.equal(second.options.sendInitialEvents, undefined)
    second.send('MODIFIED', object('one', 7))
    await informer.reached(7)
    assert.deepEqual(heard, ['added one ->6', 'modified one 6>7'])
    await informer[Symbol.asyncDispose]()
  })

  test('lists anew when its version is gone, announcing only what differs', async () => {
    const { server, informer, heard } = started()
    const first = await server.next()
    for (const name of ['same', 'changed', 'deleted', 'replaced']) first.send('ADDED', object(name, 1))
    first.bookmark('1', true)
    await informer.synced()
    heard.length = 0
    first.end()
    const second = await server.next()
    second.fail(gone('too old resource version: 1 (5)'))
    const third = await server.next()
    assert.equal(third.options.sendInitialEvents, true)
    third.send('ADDED', object('same', 1))
    third.send('ADDED', object('changed', 6))
    third.send('ADDED', object('replaced', 7, { uid: 'another' }))
    third.send('ADDED', object('new', 8))
    third.bookmark('9', true)
    await informer.reached(9)
    assert.deepEqual(heard, [
      'deleted deleted 1>1',
      'modified changed 1>6',
      'deleted replaced 1>1',
      'added replaced ->7',
      'added new ->8',
    ])
    await informer[Symbol.asyncDispose]()
  })

  test('waits longer after every failure, and keeps what it has', async () => {
    const errors: unknown[] = []
    const { server, clock, informer } = started({ errors })
    const first = await server.next()
    first.send('ADDED', object('one', 1))
    first.bookmark('1', true)
    await informer.synced()
    first.end()
    for (const [i, ms] of [100, 200, 400, 800].entries()) {
      const watch = await server.next()
      watch.fail(serviceUnavailable('away'))
      await turn()
      clock.advance(ms - 1)
      await turn()
      assert.equal(server.waiting, 0, `failure ${i}`)
      clock.advance(1)
    }
    const last = await server.next()
    assert.equal(last.options.resourceVersion, '1')
    assert.equal(errors.length, 4)
    assert.equal(informer.size, 1)
    await informer[Symbol.asyncDispose]()
  })

  test('lists first where the server cannot stream a list', async () => {
    const { server, informer, heard } = started()
    server.list = () => ({ items: [{ metadata: object('one', 3).metadata }], resourceVersion: '4' })
    ;(await server.next()).fail(badRequest('sendInitialEvents is forbidden'))
    const watch = await server.next()
    assert.equal(watch.options.resourceVersion, '4')
    assert.equal(server.lists, 1)
    assert.deepEqual(heard, ['added one ->3'])
    const one = informer.get({ namespace: 'a', name: 'one' })
    assert.deepEqual([one?.apiVersion, one?.kind], ['v1', 'ConfigMap'])
    await informer[Symbol.asyncDispose]()
  })

  test('a handler that comes late hears of what is there first; one that throws does not hurt the others', async () => {
    const errors: unknown[] = []
    const { server, informer } = started({ errors })
    const watch = await server.next()
    watch.send('ADDED', object('one', 1))
    watch.bookmark('1', true)
    await informer.synced()
    const late: string[] = []
    informer.onChange(() => {
      throw new Error('broken handler')
    })
    const ending = informer.onChange((_object, _old, change) => late.push(change))
    assert.deepEqual(late, ['added'])
    watch.send('MODIFIED', object('one', 2))
    await informer.reached(2)
    assert.deepEqual(late, ['added', 'modified'])
    ending[Symbol.dispose]()
    watch.send('MODIFIED', object('one', 3))
    await informer.reached(3)
    assert.equal(late.length, 2)
    assert.equal(errors.length, 3)
    await informer[Symbol.asyncDispose]()
  })

  test('finds by controller and by declared indexes, which follow every change', async () => {
    const server = new ScriptedClient()
    const informer = new Informer(Pod, { client: server.client, clock: new ManualClock() }).start()
    const pod = (name: string, version: number, node: string, owner: string): Pod =>
      ({
        ...object(name, version, {
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: owner, controller: true }],
        }),
        spec: { nodeName: node, containers: [] },
        status: {},
      }) as Pod
    const watch = await server.next()
    watch.send('ADDED', pod('one', 1, 'n1', 'o1'))
    watch.send('ADDED', pod('two', 2, 'n2', 'o1'))
    watch.bookmark('2', true)
    await informer.synced()
    const byNode = index(Pod, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
    const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name).sort()
    assert.deepEqual(names(informer.ownedBy('o1')), ['one', 'two'])
    assert.deepEqual(names(informer.by(byNode, 'n1')), ['one'])
    watch.send('MODIFIED', pod('two', 3, 'n1', 'o2'))
    watch.send('DELETED', pod('one', 4, 'n1', 'o1'))
    await informer.reached(4)
    assert.deepEqual(names(informer.ownedBy('o1')), [])
    assert.deepEqual(names(informer.ownedBy('o2')), ['two'])
    assert.deepEqual(names(informer.by(byNode, 'n1')), ['two'])
    assert.deepEqual(names(informer.by(byNode, 'n2')), [])
    await informer[Symbol.asyncDispose]()
  })

  test('who waits hears when it is stopped', async () => {
    const { informer } = started()
    const waiting = assert.rejects(informer.synced(), /was stopped/)
    await informer[Symbol.asyncDispose]()
    await waiting
    await assert.rejects(informer.reached(3), /was stopped/)
  })
})

describe('informers', () => {
  test('share one informer for a kind and one for each selection', async () => {
    await using informers = new Informers({ client: new ScriptedClient().client, clock: new ManualClock() })
    assert.equal(informers.of(Pod), informers.of(Pod))
    const mine = informers.selected(Pod, { fieldSelector: 'spec.nodeName=n' })
    assert.equal(mine, informers.selected(Pod, { fieldSelector: 'spec.nodeName=n' }))
    assert.notEqual(mine, informers.of(Pod))
    assert.equal(informers.metadataOf(Pod), informers.of(Pod))
    assert.notEqual(informers.metadataOf(ConfigMap), informers.of(ConfigMap))
    assert.deepEqual(informers.list(Pod), [])
  })

  test('reading a kind that nobody watches is an error', async () => {
    await using informers = new Informers({ client: new ScriptedClient().client })
    assert.throws(() => informers.get(Pod, { name: 'x' }), /pods are read but not watched/)
  })
})
