import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigMap, Event, Node, Secret } from '../../api/core/v1/index.js'
import type { AnyKind, Client, Informer } from '../../client/index.js'
import { EventWriter } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import type { OwnerReference } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { serviceUnavailable } from '../../machinery/status-error.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { type GarbageCollector, startGarbageCollector } from './garbage-collector.js'

interface Cluster extends BareControlPlane {
  collect(client?: Client): Promise<GarbageCollector>
}

async function cluster(options: { readonly collecting?: boolean } = {}): Promise<Cluster> {
  const plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const events = plane.use(new EventWriter({ client })).recorder({ component: 'garbage-collector-controller' })
  const collect = async (asks = client): Promise<GarbageCollector> => {
    const collector = plane.use(startGarbageCollector({ client: asks, informers, events, onError }))
    await collector.ready
    return collector
  }
  for (const name of ['a', 'b']) await plane.namespace(name)
  if (options.collecting !== false) await collect()
  return { ...plane, collect }
}

const ownerOf = (kind: AnyKind, { metadata }: ApiObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: kind.gvk.kind,
  name: metadata.name ?? '',
  uid: metadata.uid ?? '',
  ...more,
})

const secret = (name: string, ...ownerReferences: OwnerReference[]) => ({
  metadata: { namespace: 'a', name, ownerReferences },
})

const until = <T extends ApiObject>(informer: Informer<T>, done: () => boolean): Promise<void> => informer.until(done)

const gone = ({ informers }: Cluster, kind: AnyKind, name: string, namespace = 'a'): Promise<void> => {
  const informer = informers.of(kind)
  return until(informer, () => informer.hasSynced && informer.get({ namespace, name }) === undefined)
}

/** Resolves once everything that was asked for so far has been decided: a dependent of nothing made now goes last. */
async function settled(it: Cluster): Promise<void> {
  const absent = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: crypto.randomUUID() }
  await it.client.create(Secret, secret('last', absent))
  const informer = it.informers.of(Secret)
  await informer.synced()
  await gone(it, Secret, 'last')
}

const names = async (client: Client): Promise<string> =>
  (await client.list(Secret, { namespace: 'a' })).items.map(({ metadata }) => metadata.name).join(' ')

describe('the garbage collector in a control plane', () => {
  test('deletes the dependents of what is gone, down the line', async () => {
    await using it = await cluster()
    const { client } = it
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    const child = await client.create(Secret, secret('child', ownerOf(ConfigMap, top)))
    await client.create(Secret, secret('grandchild', ownerOf(Secret, child)))
    await client.create(Secret, secret('other'))
    await settled(it)
    assert.equal(await names(client), 'child grandchild other')
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' })
    await gone(it, Secret, 'grandchild')
    assert.equal(await names(client), 'other')
    assert.deepEqual(it.faults, [])
  })

  test('takes up what happened while it was away', async () => {
    await using it = await cluster({ collecting: false })
    const { client } = it
    const make = (name: string) => client.create(ConfigMap, { metadata: { namespace: 'a', name } })
    const [one, two, three] = await Promise.all([make('one'), make('two'), make('three')])
    await client.create(Secret, secret('background', ownerOf(ConfigMap, one)))
    await client.create(Secret, secret('foreground', ownerOf(ConfigMap, two, { blockOwnerDeletion: true })))
    await client.create(Secret, secret('orphan', ownerOf(ConfigMap, three)))
    await client.delete(ConfigMap, { namespace: 'a', name: 'one' })
    await client.delete(ConfigMap, { namespace: 'a', name: 'two' }, { propagationPolicy: 'Foreground' })
    await client.delete(ConfigMap, { namespace: 'a', name: 'three' }, { propagationPolicy: 'Orphan' })
    await it.collect()
    await Promise.all(['two', 'three'].map(name => gone(it, ConfigMap, name)))
    await Promise.all(['background', 'foreground'].map(name => gone(it, Secret, name)))
    assert.equal(await names(client), 'orphan')
    const orphan = await client.get(Secret, { namespace: 'a', name: 'orphan' })
    assert.equal(orphan.metadata.ownerReferences, undefined)
    assert.deepEqual(it.faults, [])
  })

  test('in the foreground an owner goes after those that block it, and others go, too', async () => {
    await using it = await cluster()
    const { client, informers } = it
    const secrets = informers.of(Secret)
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    const child = await client.create(Secret, secret('child', ownerOf(ConfigMap, top, { blockOwnerDeletion: true })))
    await client.create(Secret, {
      metadata: {
        namespace: 'a',
        name: 'held',
        finalizers: ['example.com/f'],
        ownerReferences: [ownerOf(Secret, child, { blockOwnerDeletion: true })],
      },
    })
    await client.create(Secret, secret('loose', ownerOf(ConfigMap, top)))
    await settled(it)
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' }, { propagationPolicy: 'Foreground' })
    await until(secrets, () => secrets.get({ namespace: 'a', name: 'held' })?.metadata.deletionTimestamp !== undefined)
    await gone(it, Secret, 'loose')
    const waiting = await client.get(Secret, { namespace: 'a', name: 'child' })
    assert.deepEqual(waiting.metadata.finalizers, ['foregroundDeletion'])
    await client.get(ConfigMap, { namespace: 'a', name: 'top' })
    const order: string[] = []
    using _secrets = secrets.onChange(({ metadata }, _old, change) => {
      if (change === 'deleted') order.push(metadata.name ?? '')
    })
    await client.patch(
      Secret,
      { namespace: 'a', name: 'held' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    )
    await gone(it, ConfigMap, 'top')
    await gone(it, Secret, 'child')
    assert.deepEqual(order, ['held', 'child'])
    assert.deepEqual(it.faults, [])
  })

  test('orphans keep nothing of their owner but their other owners', async () => {
    await using it = await cluster()
    const { client } = it
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    const other = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'other' } })
    await client.create(Secret, secret('one', ownerOf(ConfigMap, top)))
    await client.create(Secret, secret('two', ownerOf(ConfigMap, top), ownerOf(ConfigMap, other)))
    // Nobody waits for the caches to show them.
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' }, { propagationPolicy: 'Orphan' })
    await gone(it, ConfigMap, 'top')
    await settled(it)
    const owners = async (name: string) => (await client.get(Secret, { namespace: 'a', name })).metadata.ownerReferences
    assert.equal(await owners('one'), undefined)
    assert.deepEqual(await owners('two'), [ownerOf(ConfigMap, other)])
    assert.deepEqual(it.faults, [])
  })

  test('of several owners, one that is left is enough', async () => {
    await using it = await cluster()
    const { client, informers } = it
    const one = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'one' } })
    const two = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'two' } })
    await client.create(
      Secret,
      secret(
        's',
        ownerOf(ConfigMap, one, { blockOwnerDeletion: true }),
        ownerOf(ConfigMap, two, { blockOwnerDeletion: true }),
      ),
    )
    await settled(it)
    await client.delete(ConfigMap, { namespace: 'a', name: 'one' }, { propagationPolicy: 'Foreground' })
    await gone(it, ConfigMap, 'one')
    const secrets = informers.of(Secret)
    await until(secrets, () => secrets.get({ namespace: 'a', name: 's' })?.metadata.ownerReferences?.length === 1)
    await client.delete(ConfigMap, { namespace: 'a', name: 'two' })
    await gone(it, Secret, 's')
    assert.deepEqual(it.faults, [])
  })

  test('owners under the same name as before, in another namespace, or of nothing at all are absent', async () => {
    await using it = await cluster()
    const { client, informers } = it
    const before = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'same' } })
    await client.delete(ConfigMap, { namespace: 'a', name: 'same' })
    await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'same' } })
    const elsewhere = await client.create(ConfigMap, { metadata: { namespace: 'b', name: 'elsewhere' } })
    const configMaps = informers.of(ConfigMap)
    await until(configMaps, () => configMaps.get({ namespace: 'b', name: 'elsewhere' }) !== undefined)
    const events = informers.of(Event)
    await client.create(Secret, secret('stale', ownerOf(ConfigMap, before)))
    const lost = await client.create(Secret, secret('lost', ownerOf(ConfigMap, elsewhere)))
    await settled(it)
    assert.equal(await names(client), '')
    const told = () => events.list().find(({ reason }) => reason === 'OwnerRefInvalidNamespace')
    await until(events, () => told() !== undefined)
    assert.equal(told()?.involvedObject.uid, lost.metadata.uid)
    assert.equal(
      told()?.message,
      `ownerRef [v1/ConfigMap, namespace: a, name: elsewhere, uid: ${elsewhere.metadata.uid}] does not exist in namespace "a"`,
    )
    assert.deepEqual(it.faults, [])
  })

  test('owners in no namespace own in every namespace; owners of what is in none must be in none', async () => {
    await using it = await cluster()
    const { client } = it
    const node = await client.create(Node, { metadata: { name: 'n' } })
    await client.create(Secret, secret('s', ownerOf(Node, node)))
    const map = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'm' } })
    await client.create(Node, { metadata: { name: 'owned', ownerReferences: [ownerOf(ConfigMap, map)] } })
    await client.delete(ConfigMap, { namespace: 'a', name: 'm' })
    await settled(it)
    assert.equal(await names(client), 's')
    await client.get(Node, { name: 'owned' })
    await client.delete(Node, { name: 'n' })
    await gone(it, Secret, 's')
    await client.get(Node, { name: 'owned' })
    assert.deepEqual(it.faults, [])
  })

  test('a circle goes in the foreground as well as in the background', async () => {
    for (const propagationPolicy of ['Foreground', 'Background'] as const) {
      await using it = await cluster()
      const { client } = it
      const one = await client.create(Secret, secret('one'))
      const two = await client.create(Secret, secret('two', ownerOf(Secret, one, { blockOwnerDeletion: true })))
      await client.patch(
        Secret,
        { namespace: 'a', name: 'one' },
        {
          type: 'merge',
          body: { metadata: { ownerReferences: [ownerOf(Secret, two, { blockOwnerDeletion: true })] } },
        },
      )
      await settled(it)
      assert.equal(await names(client), 'one two')
      await client.delete(Secret, { namespace: 'a', name: 'one' }, { propagationPolicy })
      await gone(it, Secret, 'one')
      await gone(it, Secret, 'two')
      assert.deepEqual(it.faults, [])
    }
  })

  test('owners of a kind that is not served keep what they own', async () => {
    await using it = await cluster()
    const { client } = it
    await client.create(Secret, secret('s', { apiVersion: 'example.com/v1', kind: 'Thing', name: 't', uid: 'u' }))
    await settled(it)
    assert.equal(await names(client), 's')
    assert.deepEqual(it.faults, [])
  })

  test('nothing is deleted as long as the server does not say that the owner is missing', async () => {
    await using it = await cluster({ collecting: false })
    const { client } = it
    let broken = true
    let asked = 0
    const get: Client['get'] = (kind, ref, options) => {
      if (kind.plural === 'configmaps' && ref.name !== 'nobody' && broken) {
        asked++
        return Promise.reject(serviceUnavailable('not now'))
      }
      return client.get(kind, ref, options)
    }
    const collector = await it.collect({ ...client, get })
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    await client.create(Secret, secret('child', ownerOf(ConfigMap, top)))
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' })
    await settled(it)
    assert.equal(await names(client), 'child')
    assert.ok(asked > 0)
    broken = false
    await gone(it, Secret, 'child')
    assert.ok(it.faults.length > 0)
    await collector[Symbol.asyncDispose]()
  })

  test('an object that gets a new owner at the last moment stays', async () => {
    await using it = await cluster({ collecting: false })
    const { client } = it
    const other = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'other' } })
    const deleted: string[] = []
    const remove: Client['delete'] = async (kind, ref, options) => {
      if (ref.name === 'child' && deleted.length === 0) {
        deleted.push('child')
        const body = { metadata: { ownerReferences: [ownerOf(ConfigMap, other)] } }
        await client.patch(Secret, { namespace: 'a', name: 'child' }, { type: 'merge', body })
      }
      return client.delete(kind, ref, options)
    }
    await it.collect({ ...client, delete: remove })
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    await client.create(Secret, secret('child', ownerOf(ConfigMap, top)))
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' })
    await settled(it)
    await settled(it)
    assert.deepEqual(deleted, ['child'])
    assert.equal(await names(client), 'child')
    assert.deepEqual(it.faults, [])
  })

  test('two thousand dependents go', async () => {
    await using it = await cluster()
    const { client, informers } = it
    const top = await client.create(ConfigMap, { metadata: { namespace: 'a', name: 'top' } })
    const owner = ownerOf(ConfigMap, top, { blockOwnerDeletion: true })
    const waiting = Array.from({ length: 2000 }, (_, i) => `s${i}`)
    const worker = async () => {
      for (let name = waiting.pop(); name; name = waiting.pop()) await client.create(Secret, secret(name, owner))
    }
    await Promise.all(Array.from({ length: 32 }, worker))
    await client.delete(ConfigMap, { namespace: 'a', name: 'top' }, { propagationPolicy: 'Foreground' })
    await gone(it, ConfigMap, 'top')
    const secrets = informers.of(Secret)
    await secrets.until(() => secrets.hasSynced && secrets.size === 0)
    assert.deepEqual(it.faults, [])
  })
})
