import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigMap, Namespace, Secret } from '../api/core/v1/index.js'
import { Informers, runControllers } from '../client/index.js'
import { ControlPlane } from '../cluster/control-plane.js'
import type { OwnerReference } from '../machinery/meta/index.js'
import type { ApiObject } from '../machinery/object.js'
import { eventually } from './eventually.js'
import { startGarbageCollector } from './garbage-collector/index.js'
import { namespaces } from './namespace/index.js'
import { bareControlPlane } from './test-control-plane.js'
import { type Faults, faultyClient, seededRandom } from './test-faulty-client.js'

const faults: Faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.02, expired: 0.3, delay: 4 }
/** How long there is trouble, in ms. */
const trouble = 2_000
const expected = /lost|unanswered|been modified|ended before its initial events|Precondition failed/

describe('with requests lost, answers lost, conflicts, broken watches, and killed now and then', () => {
  for (const seed of [1, 2, 3])
    test(`all goes that is to go, and nothing else (seed ${seed})`, async () => {
      await using plane = await bareControlPlane(ControlPlane.start)
      const { client } = plane
      const random = seededRandom(seed)
      const calm = AbortSignal.timeout(trouble)
      const unexpected: unknown[] = []
      const onError = (error: unknown) => {
        if (!expected.test(String(error))) unexpected.push(error)
      }
      const start = () => {
        const shaky = faultyClient(client, faults, random, calm)
        const informers = new Informers({ client: shaky, random, onError })
        const collector = startGarbageCollector({ client: shaky, informers, random, onError })
        const running = runControllers([namespaces()], { client: shaky, informers, random, onError })
        return {
          async [Symbol.asyncDispose]() {
            await collector[Symbol.asyncDispose]()
            await running[Symbol.asyncDispose]()
            await informers[Symbol.asyncDispose]()
          },
        }
      }
      const namespace = 'n'
      const make = (name: string, owners: readonly ApiObject[] = [], finalizers: readonly string[] = []) =>
        client.create(ConfigMap, {
          metadata: {
            namespace,
            name,
            ownerReferences: owners.map(
              ({ metadata }): OwnerReference => ({
                apiVersion: 'v1',
                kind: 'ConfigMap',
                name: metadata.name ?? '',
                uid: metadata.uid ?? '',
                blockOwnerDeletion: true,
              }),
            ),
            finalizers,
          },
        })
      for (const name of ['n', 'doomed']) await plane.namespace(name)
      let running = start()
      const tops = await Promise.all(['background', 'foreground', 'orphan', 'kept'].map(name => make(name)))
      const kept = tops.at(-1)
      assert.ok(kept)
      for (const top of tops) {
        const { name } = top.metadata
        const children = await Promise.all([1, 2, 3, 4].map(i => make(`${name}-${i}`, [top])))
        await Promise.all(children.map(child => make(`${child.metadata.name}-x`, [child])))
        // Two references to one owner are one.
        await make(`${name}-shared`, [top, kept])
      }
      await make('held', tops.slice(0, 1), ['example.com/f'])
      for (let i = 0; i < 10; i++) await client.create(Secret, { metadata: { namespace: 'doomed', name: `s${i}` } })
      await client.delete(Namespace, { name: 'doomed' })
      for (const [name, propagationPolicy] of [
        ['background', 'Background'],
        ['foreground', 'Foreground'],
        ['orphan', 'Orphan'],
      ] as const)
        await client.delete(ConfigMap, { namespace, name }, { propagationPolicy })
      await running[Symbol.asyncDispose]()
      running = start()
      await using _last = { [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() }

      const stays = [
        'background-shared',
        'foreground-shared',
        'held',
        'kept',
        'kept-shared',
        'orphan-shared',
        ...['kept', 'orphan'].flatMap(name => [1, 2, 3, 4].flatMap(i => [`${name}-${i}`, `${name}-${i}-x`])),
      ].sort()
      const left = async () => (await client.list(ConfigMap, { namespace })).items
      await eventually(async () => {
        assert.deepEqual((await left()).map(({ metadata }) => metadata.name).sort(), stays)
        await assert.rejects(client.get(Namespace, { name: 'doomed' }))
        for (const { metadata } of await left()) {
          const owners = (metadata.ownerReferences ?? []).map(({ name }) => name).join()
          const { name = '' } = metadata
          if (name.endsWith('-shared')) assert.equal(owners, 'kept')
          else if (/^orphan-\d$/.test(name)) assert.equal(owners, '')
          else if (name === 'held') assert.ok(metadata.deletionTimestamp)
        }
      }, 60_000)
      assert.equal((await client.list(Secret, { namespace: 'doomed' })).items.length, 0)
      assert.deepEqual(unexpected, [])
    })
})
