import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CustomResourceDefinition, Secret, StorageVersionMigration } from '../../api/index.js'
import type { Client } from '../../client/client.js'
import { runControllers } from '../../client/controller-runtime.js'
import { untypedKind } from '../../client/discovery.js'
import { ControlPlane, type ControlPlaneOptions } from '../../cluster/control-plane.js'
import { type Clock, systemClock } from '../../machinery/clock.js'
import { forbidden, internalError, isNotFound, serviceUnavailable } from '../../machinery/status-error.js'
import { lmdbStore } from '../../storage/index.js'
import { eventually } from '../eventually.js'
import { faultyClient, seededRandom } from '../test-faulty-client.js'
import { storageVersionMigrator } from './storage-version-migrator.js'

const asked: ControlPlaneOptions = {
  port: false,
  controllers: false,
  scheduler: false,
  runtimeConfig: { 'storagemigration.k8s.io/v1beta1': true },
  featureGates: { StorageVersionMigrator: true },
}

const migrate = (client: Client, name: string, resource: string, group = '') =>
  client.create(StorageVersionMigration, { metadata: { name }, spec: { resource: { group, resource } } })

/** The conditions of a migration that has come to its end and was closed. */
const ended = (client: Client, name: string) =>
  eventually(async () => {
    const { status } = await client.get(StorageVersionMigration, { name })
    const [condition, ...more] = status.conditions ?? []
    assert.ok(condition && condition.type !== 'Running' && more.length === 0, JSON.stringify(status))
    return { ...status, type: condition.type, message: condition.message, reason: condition.reason }
  })

const boat = (version: string) =>
  untypedKind({ group: 'test.example.com', version, kind: 'Boat', plural: 'boats', namespaced: true })

async function defineBoats(client: Client, storage: 'v1' | 'v2'): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const versions = ['v1', 'v2'].map(name => ({ name, served: true, storage: name === storage, schema }))
  const spec = {
    group: 'test.example.com',
    scope: 'Namespaced',
    names: { kind: 'Boat', plural: 'boats' },
    versions,
  }
  const name = 'boats.test.example.com'
  const found = await client.get(CustomResourceDefinition, { name }).catch(error => {
    if (!isNotFound(error)) throw error
  })
  if (found) await client.update(CustomResourceDefinition, { ...found, spec: { ...found.spec, versions } } as never)
  else await client.create(CustomResourceDefinition, { metadata: { name }, spec } as never)
  await eventually(async () => {
    await client.list(boat(storage))
  })
}

/** In which version each boat is stored. */
const storedAs = (plane: ControlPlane): readonly (string | undefined)[] =>
  plane.server.host.feed
    .cacheOf('/registry/test.example.com/boats/')
    ?.list()
    .map(({ object }) => object.apiVersion?.split('/')[1]) ?? []

const createBoats = (client: Client, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      client.create(boat('v1'), {
        apiVersion: 'test.example.com/v1',
        kind: 'Boat',
        metadata: { namespace: 'default', name: `boat-${i}` },
        spec: { i },
      } as never),
    ),
  )

describe('the storage version migrator', () => {
  let plane: ControlPlane
  before(async () => {
    plane = await ControlPlane.start({ ...asked, controllers: true })
  })
  after(() => plane[Symbol.asyncDispose]())

  it('rewrites the objects of a definition that has changed its storage, and takes the old version from it', async () => {
    const { client } = plane
    await defineBoats(client, 'v1')
    await createBoats(client, 40)
    await defineBoats(client, 'v2')
    await migrate(client, 'boats', 'boats', 'test.example.com')
    const { type, reason, message, resourceVersion } = await ended(client, 'boats')
    assert.deepEqual([type, reason, message], ['Succeeded', 'StorageVersionMigrationSucceeded', ''])
    assert.match(resourceVersion ?? '', /^\d+$/)
    assert.deepEqual(new Set(storedAs(plane)), new Set(['v2']))
    const { status, metadata } = await client.get(CustomResourceDefinition, { name: 'boats.test.example.com' })
    assert.deepEqual(status.storedVersions, ['v2'])
    const told = status.conditions?.find(condition => condition.type === 'StorageMigrating')
    assert.deepEqual(
      [told?.status, told?.reason, told?.observedGeneration],
      ['False', 'MigrationSucceeded', metadata.generation],
    )
    const { items } = await client.list(boat('v2'))
    assert.equal(items.length, 40)
    assert.ok(
      items.every(({ metadata }) => metadata.managedFields?.every(({ manager }) => !manager?.includes('migrator'))),
    )
    // Nothing is left to be written: nothing is.
    const before = (await client.list(boat('v2'))).items.map(({ metadata }) => metadata.resourceVersion)
    await migrate(client, 'boats-again', 'boats', 'test.example.com')
    assert.equal((await ended(client, 'boats-again')).type, 'Succeeded')
    const again = (await client.list(boat('v2'))).items.map(({ metadata }) => metadata.resourceVersion)
    assert.deepEqual(again, before)
  })

  it('works on one migration of a resource at a time, the oldest first', async () => {
    const { client } = plane
    const names = ['m-1', 'm-2', 'm-3']
    for (const name of names) await migrate(client, name, 'configmaps')
    const order: string[] = []
    const stop = new AbortController()
    const watching = (async () => {
      const running = new Set<string>()
      for await (const event of client.watch(StorageVersionMigration, { signal: stop.signal })) {
        if (event.type === 'BOOKMARK' || !names.includes(event.object.metadata.name ?? '')) continue
        const { name = '' } = event.object.metadata
        const runs = event.object.status.conditions?.some(({ type }) => type === 'Running')
        if (runs && !order.includes(name)) order.push(name)
        if (runs) running.add(name)
        else running.delete(name)
        assert.ok(running.size <= 1, [...running].join())
      }
    })()
    for (const name of names) assert.equal((await ended(client, name)).type, 'Succeeded')
    stop.abort()
    await watching
    // What happened before the watch began is not told.
    assert.deepEqual(order, names.slice(names.length - order.length))
  })

  it('says at once why a resource cannot be migrated, and of one that is not there after a while', async () => {
    const { client } = plane
    await migrate(client, 'reviews', 'tokenreviews', 'authentication.k8s.io')
    await migrate(client, 'none', 'planes', 'test.example.com')
    const { status } = await eventually(async () => {
      const found = await client.get(StorageVersionMigration, { name: 'none' })
      assert.equal(found.status.conditions?.[0]?.type, 'Running')
      return found
    })
    assert.equal(status.resourceVersion, undefined)
    const { type, message } = await ended(client, 'reviews')
    assert.equal(type, 'Failed')
    assert.equal(message, 'migration encountered unhandled error: the resource does not support list and patch')
  })
})

describe('a migration', () => {
  it('encrypts what was stored in plain text, and goes on where a control plane has been stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 't8s-migration-'))
    try {
      const dataDir = join(folder, 'store')
      const file = join(folder, 'encryption.yaml')
      const names = Array.from({ length: 60 }, (_, i) => `secret-${i}`)
      {
        await using plane = await ControlPlane.start({ ...asked, dataDir })
        for (const name of names)
          await plane.client.create(Secret, { metadata: { namespace: 'default', name }, stringData: { a: name } })
      }
      const secret = Buffer.alloc(32, 'k').toString('base64')
      const providers = [{ aesgcm: { keys: [{ name: 'key1', secret }] } }, { identity: {} }]
      await writeFile(
        file,
        JSON.stringify({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'EncryptionConfiguration',
          resources: [{ resources: ['secrets'], providers }],
        }),
      )
      const operation = { encryption: { file, reload: false } }
      {
        await using plane = await ControlPlane.start({ ...asked, dataDir, operation })
        await migrate(plane.client, 'secrets', 'secrets')
        let written = 0
        const enough = new AbortController()
        const client: Client = {
          ...plane.client,
          async patch(kind, ...rest) {
            // As if the process had been killed in the midst: nothing it does from then on arrives.
            if (kind.plural === 'secrets' && ++written === 20) enough.abort()
            if (enough.signal.aborted) return new Promise(() => {})
            return plane.client.patch(kind, ...rest)
          },
        }
        runControllers([storageVersionMigrator()], { client, onError: () => {} })
        await eventually(async () => assert.ok(enough.signal.aborted))
        const found = await plane.client.get(StorageVersionMigration, { name: 'secrets' })
        assert.equal(found.status.conditions?.[0]?.type, 'Running')
      }
      const encrypted = async () => {
        await using store = await lmdbStore({ path: dataDir })
        const { entries } = await store.list('/registry/secrets/default/')
        return entries.map(({ value }) => Buffer.from(value).toString('latin1').startsWith('k8s:enc:aesgcm:v1:key1:'))
      }
      const before = await encrypted()
      assert.ok(before.includes(true) && before.includes(false))
      {
        await using plane = await ControlPlane.start({ ...asked, controllers: true, dataDir, operation })
        assert.equal((await ended(plane.client, 'secrets')).type, 'Succeeded')
        const { items } = await plane.client.list(Secret, { namespace: 'default' })
        assert.deepEqual(
          items.map(({ data }) => Buffer.from(String(data?.['a']), 'base64').toString()).sort(),
          names.toSorted(),
        )
      }
      assert.deepEqual(
        await encrypted(),
        names.map(() => true),
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('fails if objects cannot be listed, and if one cannot be written, once waiting does not help', async () => {
    await using plane = await ControlPlane.start(asked)
    const { client } = plane
    await client.create(Secret, { metadata: { namespace: 'default', name: 'one' } })
    const lateBy = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms })
    const unreadable: Client = {
      ...client,
      list: async (kind, options) => {
        if (kind.plural === 'secrets') throw internalError('unable to transform key')
        return client.list(kind, options)
      },
    }
    const refused: Client = {
      ...client,
      patch: async (kind, ...rest) => {
        if (kind.plural === 'secrets') throw forbidden({ group: '', plural: 'secrets' }, 'one', 'not today')
        return client.patch(kind, ...rest)
      },
    }
    for (const [name, through, clock, why] of [
      ['listed', unreadable, lateBy(120_000), 'Internal error occurred: unable to transform key'],
      ['written', refused, systemClock, 'secrets "one" is forbidden: not today'],
    ] as const) {
      await using _controllers = runControllers([storageVersionMigrator()], {
        client: through,
        clock,
        onError: () => {},
      })
      await migrate(client, name, 'secrets')
      const { type, reason, message } = await ended(client, name)
      assert.deepEqual(
        [type, reason, message],
        ['Failed', 'StorageVersionMigrationFailed', `migration encountered unhandled error: ${why}`],
      )
    }
  })

  it('that is deleted is given up, and its definition says so', async () => {
    await using plane = await ControlPlane.start(asked)
    const { client } = plane
    await defineBoats(client, 'v1')
    await createBoats(client, 3)
    await defineBoats(client, 'v2')
    const held = new AbortController()
    const blocked: Client = {
      ...client,
      async patch(kind, ...rest) {
        if (kind.plural !== 'boats') return client.patch(kind, ...rest)
        held.abort()
        throw serviceUnavailable('not now')
      },
    }
    await using _controllers = runControllers([storageVersionMigrator()], { client: blocked, onError: () => {} })
    await migrate(client, 'boats', 'boats', 'test.example.com')
    await eventually(() => assert.ok(held.signal.aborted))
    await client.delete(StorageVersionMigration, { name: 'boats' })
    await eventually(async () => {
      const { status } = await client.get(CustomResourceDefinition, { name: 'boats.test.example.com' })
      const told = status.conditions?.find(condition => condition.type === 'StorageMigrating')
      assert.deepEqual([told?.status, told?.reason, status.storedVersions], ['False', 'MigrationFailed', ['v1', 'v2']])
    })
  })

  it('comes to its end whatever happens between the controller and its server', async () => {
    for (const seed of [1, 2, 3]) {
      await using plane = await ControlPlane.start(asked)
      await defineBoats(plane.client, 'v1')
      await createBoats(plane.client, 50)
      await defineBoats(plane.client, 'v2')
      const calm = AbortSignal.timeout(3_000)
      const faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.05, expired: 0.1, delay: 3 }
      const random = seededRandom(seed)
      const client = faultyClient(plane.client, faults, random, calm)
      // That somebody else has written an object is believed, and its migration left to them.
      const truthful = faultyClient(plane.client, { ...faults, conflict: 0 }, random, calm)
      const migrator: Client = {
        ...client,
        patch: (kind, ...rest) => (kind.plural === 'boats' ? truthful : client).patch(kind, ...rest),
      }
      await using _controllers = runControllers([storageVersionMigrator()], { client: migrator, onError: () => {} })
      await migrate(plane.client, 'boats', 'boats', 'test.example.com')
      const { type, message } = await ended(plane.client, 'boats')
      assert.equal(type, 'Succeeded', message)
      assert.deepEqual(new Set(storedAs(plane)), new Set(['v2']))
      const { status } = await plane.client.get(CustomResourceDefinition, { name: 'boats.test.example.com' })
      assert.deepEqual(status.storedVersions, ['v2'])
    }
  })
})
