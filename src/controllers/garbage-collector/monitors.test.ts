import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Client } from '../../client/client.js'
import { Informers } from '../../client/informers.js'
import { ScriptedClient, type ScriptedWatch } from '../../client/test-watch.js'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import { serviceUnavailable } from '../../machinery/status-error.js'
import { Monitors } from './monitors.js'

const everything = ['delete', 'list', 'watch']

const resource = (plural: string, kind: string, verbs = everything) => ({
  resource: plural,
  responseKind: { group: '', version: '', kind },
  scope: 'Namespaced',
  verbs,
})

interface Group {
  readonly name: string
  readonly freshness?: string
  readonly resources: readonly object[]
}

async function following(groups: readonly Group[]) {
  const server = new ScriptedClient()
  const clock = new ManualClock()
  const answers: { groups: readonly Group[]; error?: unknown } = { groups }
  const heard: string[] = []
  const errors: unknown[] = []
  const request = async ({ path }: Partial<ApiRequest>): Promise<ApiResponse> => {
    if (answers.error) throw answers.error
    const items = path === '/api' ? [] : answers.groups
    const value = {
      kind: 'APIGroupDiscoveryList',
      items: items.map(({ name, freshness = 'Current', resources }) => ({
        metadata: { name },
        versions: [{ version: 'v1', freshness, resources }],
      })),
    }
    return { status: 200, headers: {}, body: { kind: 'object', value } }
  }
  const client = { ...server.client, request } as Client
  const informers = new Informers({ client, clock, random: () => 0 })
  const monitors = new Monitors({
    client,
    informers,
    clock,
    onPut: ({ plural }, { metadata }) => heard.push(`${plural} ${metadata.name}`),
    onRemove: ({ metadata }) => heard.push(`removed ${metadata.name}`),
    onForget: ({ plural }, objects) => heard.push(`forgot ${plural} ${objects.map(({ metadata }) => metadata.name)}`),
    onKinds: () => heard.push('kinds'),
    onError: error => errors.push(error),
  })
  const settle = async () => {
    for (let i = 0; i < 10; i++) await turn()
  }
  const followed = () => monitors.kinds.map(({ gvk, plural }) => `${plural}.${gvk.group}`).join(' ')
  const end = async () => {
    await monitors[Symbol.asyncDispose]()
    await informers[Symbol.asyncDispose]()
  }
  return { server, clock, answers, heard, errors, monitors, settle, followed, end }
}

const object = (name: string): ApiObject => ({ metadata: { name, uid: name, resourceVersion: '1' } })

async function synced(watch: ScriptedWatch, ...names: string[]): Promise<void> {
  for (const name of names) watch.send('ADDED', object(name))
  watch.bookmark('5', true)
  for (let i = 0; i < 5; i++) await turn()
}

const things: Group = { name: 'example.com', resources: [resource('things', 'Thing')] }
const crds: Group = {
  name: 'apiextensions.k8s.io',
  resources: [resource('customresourcedefinitions', 'CustomResourceDefinition')],
}

describe('kinds that come and go', () => {
  test('what can be listed, watched and deleted is followed, and events are not', async () => {
    const it = await following([
      { name: 'example.com', resources: [resource('things', 'Thing'), resource('reviews', 'Review', ['create'])] },
      { name: 'events.k8s.io', resources: [resource('events', 'Event')] },
    ])
    await it.monitors.start()
    assert.equal(it.followed(), 'things.example.com')
    assert.equal(it.monitors.kindOf('example.com/v1', 'Review')?.plural, 'reviews')
    assert.equal(it.monitors.kindOf('example.com/v2', 'Thing'), undefined)
    const watch = await it.server.next()
    assert.equal(watch.options.metadataOnly, true)
    const ready = it.monitors.synced(1000)
    await synced(watch, 'a')
    await ready
    watch.send('DELETED', object('a'))
    await it.settle()
    assert.deepEqual(it.heard, ['kinds', 'things a', 'removed a'])
    await it.end()
  })

  test('a kind that cannot be had is not waited for forever', async () => {
    const it = await following([things])
    await it.monitors.start()
    const ready = it.monitors.synced(1000)
    it.clock.advance(1000)
    await ready
    await it.end()
  })

  test('stopping ends the wait for a kind that cannot be had', async () => {
    const it = await following([things])
    await it.monitors.start()
    const ready = it.monitors.synced(1000)
    await it.end()
    await assert.rejects(ready)
  })

  test('a server that does not answer is asked until it does', async () => {
    const it = await following([things])
    it.answers.error = serviceUnavailable('not now')
    const started = it.monitors.start()
    await it.settle()
    assert.equal(it.errors.length, 1)
    it.clock.advance(100)
    await it.settle()
    assert.equal(it.errors.length, 2)
    delete it.answers.error
    it.clock.advance(200)
    await started
    assert.equal(it.followed(), 'things.example.com')
    await it.end()
  })

  test('stopping ends the wait for a server', async () => {
    const it = await following([things])
    it.answers.error = serviceUnavailable('not now')
    const started = it.monitors.start()
    await it.settle()
    await it.end()
    await assert.rejects(started)
  })

  test('a new definition is looked for soon', async () => {
    const it = await following([crds])
    await it.monitors.start()
    const definitions = await it.server.next()
    await synced(definitions)
    it.answers.groups = [crds, things]
    definitions.send('ADDED', object('things.example.com'))
    await it.settle()
    it.clock.advance(100)
    await it.settle()
    assert.equal(it.followed(), 'customresourcedefinitions.apiextensions.k8s.io things.example.com')
    assert.deepEqual(it.heard.slice(-1), ['kinds'])
    await it.end()
  })

  test('without a definition it is found in half a minute', async () => {
    const it = await following([])
    await it.monitors.start()
    it.answers.groups = [things]
    it.clock.advance(30_000)
    await it.settle()
    assert.equal(it.followed(), 'things.example.com')
    await it.end()
  })

  test('a kind that is gone is forgotten, at once without objects', async () => {
    const it = await following([things])
    await it.monitors.start()
    await synced(await it.server.next())
    it.answers.groups = []
    await it.monitors.refresh()
    assert.equal(it.followed(), '')
    assert.equal(it.monitors.kindOf('example.com/v1', 'Thing'), undefined)
    assert.deepEqual(it.heard, ['kinds', 'kinds'])
    await it.end()
  })

  test('a kind that is gone is forgotten later if it has objects, and not if it comes back', async () => {
    for (const back of [true, false]) {
      const it = await following([things])
      await it.monitors.start()
      await synced(await it.server.next(), 'a')
      it.answers.groups = []
      await it.monitors.refresh()
      assert.equal(it.followed(), '')
      if (back) it.answers.groups = [things]
      it.clock.advance(20_000)
      await it.settle()
      assert.ok(!it.heard.includes('forgot things a'))
      it.clock.advance(20_000)
      await it.settle()
      assert.equal(it.followed(), back ? 'things.example.com' : '')
      assert.equal(it.heard.includes('forgot things a'), !back)
      await it.end()
    }
  })

  test('what could not be told is as it was', async () => {
    const it = await following([things])
    await it.monitors.start()
    await synced(await it.server.next())
    it.answers.groups = [{ ...things, freshness: 'Stale', resources: [] }]
    await it.monitors.refresh()
    assert.equal(it.followed(), 'things.example.com')
    assert.equal(it.monitors.kindOf('example.com/v1', 'Thing')?.plural, 'things')
    it.answers.error = serviceUnavailable('not now')
    await it.monitors.refresh()
    assert.equal(it.followed(), 'things.example.com')
    assert.equal(it.errors.length, 1)
    await it.end()
  })
})
