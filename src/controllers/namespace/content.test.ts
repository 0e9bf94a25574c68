import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Client, DeleteOptions, ListOptions, ObjectRef } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import { type ServedApi, type ServedResource, untypedKind } from '../../client/discovery.js'
import type { ObjectMeta } from '../../machinery/meta/index.js'
import { conflict, notFound, StatusError } from '../../machinery/status-error.js'
import { deletableResources, deleteContent } from './content.js'
import { deleteLateArrivals } from './late-arrivals.js'

const served = (name: string, verbs = 'list delete deletecollection', more: Partial<ServedResource> = {}) => {
  const [plural = ''] = name.split('.')
  const group = name.slice(plural.length + 1)
  const kind = untypedKind({ group, version: 'v1', kind: plural, plural, namespaced: true })
  return { kind, verbs: verbs.split(' '), preferred: true, ...more }
}

const api = (...resources: ServedResource[]): ServedApi => ({ resources, failures: [], malformed: [] })

/** A server with the objects of one namespace, by plural; deletion leaves those that have finalizers. */
class Server {
  readonly log: string[] = []
  missing = true
  faults: { [call: string]: StatusError } = {}

  constructor(readonly objects: { [plural: string]: ObjectMeta[] }) {}

  readonly client = {
    list: async ({ plural }: AnyKind, options: ListOptions) => {
      this.#check(`list ${plural}`)
      const all = this.objects[plural] ?? []
      const from = Number(options.continue ?? 0)
      const to = from + 2
      return {
        items: all.slice(from, to).map(metadata => ({ metadata })),
        resourceVersion: '1',
        ...(to < all.length ? { continue: String(to) } : {}),
      }
    },
    get: async (_kind: AnyKind, { name = '' }: ObjectRef) => {
      if (this.missing) throw notFound({ group: '', plural: 'namespaces' }, name)
      return { metadata: { name } }
    },
    deleteCollection: async ({ plural }: AnyKind) => {
      this.log.push(`deletecollection ${plural}`)
      this.#check(`deletecollection ${plural}`)
      this.objects[plural] = (this.objects[plural] ?? []).flatMap(remains)
    },
    delete: async ({ plural }: AnyKind, { name }: ObjectRef, { preconditions, propagationPolicy }: DeleteOptions) => {
      this.log.push(`delete ${plural} ${name} ${propagationPolicy}${preconditions ? ` ${preconditions.uid}` : ''}`)
      this.#check(`delete ${plural} ${name}`)
      this.objects[plural] = (this.objects[plural] ?? []).flatMap(object =>
        object.name === name ? remains(object) : [object],
      )
    },
  } as unknown as Client

  #check(call: string): void {
    const fault = this.faults[call]
    if (fault) throw fault
  }
}

const remains = (object: ObjectMeta): ObjectMeta[] =>
  object.finalizers?.length ? [{ ...object, deletionTimestamp: 'now' }] : []

const { signal } = new AbortController()
const held = (name: string): ObjectMeta => ({ name, finalizers: ['example.com/f'] })

describe('deleting the content of a namespace', () => {
  test('deletes what can be deleted, in one version each', () => {
    const things = served('things')
    const cluster = { ...things, kind: { ...things.kind, namespaced: false } }
    const all = api(things, { ...things, preferred: false }, served('reviews', 'create'), cluster)
    assert.deepEqual(deletableResources(all), [things])
  })

  test('takes pods first and leaves the rest while there are any', async () => {
    const server = new Server({ pods: [held('a'), { name: 'b' }], secrets: [{ name: 's' }] })
    const result = await deleteContent(server.client, api(served('secrets'), served('pods')), 'ns', signal)
    assert.deepEqual(server.log, ['deletecollection pods'])
    assert.equal(result.errors.length, 0)
    assert.deepEqual(
      result.remaining.map(({ resource, count, finalizers }) => ({ ...resource, count, finalizers })),
      [{ group: '', plural: 'pods', count: 1, finalizers: { 'example.com/f': 1 } }],
    )
    server.objects['pods'] = []
    const after = await deleteContent(server.client, api(served('secrets'), served('pods')), 'ns', signal)
    assert.deepEqual(server.log.slice(1), ['deletecollection secrets'])
    assert.deepEqual(after, { errors: [], remaining: [] })
  })

  test('takes events before what another group shows of them', async () => {
    const server = new Server({ events: [{ name: 'e' }], secrets: [{ name: 's' }] })
    const all = api(served('secrets'), served('events.events.k8s.io'), served('events'))
    await deleteContent(server.client, all, 'ns', signal)
    assert.deepEqual(server.log, ['deletecollection events', 'deletecollection secrets'])
  })

  test('leaves alone what is on its way already', async () => {
    const server = new Server({ secrets: [{ ...held('s'), deletionTimestamp: 'before' }] })
    const { remaining } = await deleteContent(server.client, api(served('secrets')), 'ns', signal)
    assert.deepEqual(server.log, [])
    assert.equal(remaining[0]?.count, 1)
  })

  test('deletes one by one what cannot be deleted together', async () => {
    const objects = () => ({ things: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] })
    const one = new Server(objects())
    await deleteContent(one.client, api(served('things.example.com', 'list delete')), 'ns', signal)
    assert.deepEqual(
      one.log,
      ['a', 'b', 'c'].map(name => `delete things ${name} Background`),
    )
    const refused = new Server(objects())
    refused.faults = { 'deletecollection things': new StatusError(405, 'MethodNotAllowed', 'no') }
    const result = await deleteContent(refused.client, api(served('things.example.com')), 'ns', signal)
    assert.deepEqual(result, { errors: [], remaining: [] })
    assert.equal(refused.log.length, 4)
  })

  test('goes on after a failure and tells it', async () => {
    const server = new Server({ things: [{ name: 'a' }], secrets: [{ name: 's' }], others: [] })
    server.faults = {
      'deletecollection things': new StatusError(500, 'InternalError', 'the webhook is away'),
      'list others': new StatusError(404, 'NotFound', 'the server could not find the requested resource'),
    }
    const all = api(served('things.example.com'), served('others.example.com'), served('secrets'))
    const result = await deleteContent(server.client, all, 'ns', signal)
    assert.deepEqual(result, { errors: ['the webhook is away'], remaining: [] })
    assert.deepEqual(server.objects['secrets'], [])
  })

  test('objects that stay without a reason are an error', async () => {
    const server = new Server({ things: [{ name: 'a' }] })
    const stubborn = { ...server.client, deleteCollection: async () => {} } as unknown as Client
    const { errors, remaining } = await deleteContent(stubborn, api(served('things.example.com')), 'ns', signal)
    assert.deepEqual(errors, [
      'unexpected items still remain in namespace: ns for gvr: example.com/v1, Resource=things',
    ])
    assert.equal(remaining[0]?.count, 1)
  })
})

describe('objects written into a namespace that is gone', () => {
  test('are deleted by their uids', async () => {
    const server = new Server({ secrets: [{ name: 's', uid: 'u' }], things: [{ name: 't', uid: 'v' }] })
    server.faults = { 'delete things t': conflict({ group: '', plural: 'things' }, 't', 'another uid') }
    const all = api(served('secrets'), served('things'), served('unlisted', 'delete'))
    assert.equal(await deleteLateArrivals(server.client, all, 'ns', signal), 2)
    assert.deepEqual(server.log, ['delete secrets s Background u', 'delete things t Background v'])
  })

  test('belong to the new namespace if there is one', async () => {
    const server = new Server({ secrets: [{ name: 's', uid: 'u' }] })
    server.missing = false
    assert.equal(await deleteLateArrivals(server.client, api(served('secrets')), 'ns', signal), 0)
    assert.deepEqual(server.log, [])
  })
})
