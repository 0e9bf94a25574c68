import assert from 'node:assert/strict'
import { Event as CoreEvent } from '../api/core/v1/index.js'
import { Event } from '../api/events/v1/index.js'
import type { Client, ListOptions } from '../client/client.js'
import { isNotFound } from '../machinery/status-error.js'
import { requirements } from './requirements.js'

const labels = { app: 'trial' }
const labelSelector = 'app=trial'
const time = '2026-01-02T03:04:05.000006Z'
const later = '2026-01-02T03:05:05.000006Z'

const coreEvent = (namespace: string, name = 'first') => ({
  metadata: { namespace, name, labels },
  involvedObject: { namespace, apiVersion: 'v1', kind: 'Pod', name: 'main' },
  reason: 'Test',
  message: 'something happened',
  type: 'Normal',
})

const event = (namespace: string, name = 'first') => ({
  metadata: { namespace, name, labels },
  regarding: { namespace, apiVersion: 'v1', kind: 'Pod', name: 'main' },
  eventTime: time,
  note: 'something happened',
  type: 'Normal',
  reason: 'Test',
  action: 'Do',
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
})

const namesOf = async (client: Client, kind: typeof CoreEvent | typeof Event, options: ListOptions) => {
  const { items } = kind === CoreEvent ? await client.list(CoreEvent, options) : await client.list(Event, options)
  return items.map(({ metadata }) => metadata.name)
}

requirements('sig-instrumentation: events', {}, requirement => {
  requirement('Event, manage lifecycle of an Event', async ({ client, namespace }) => {
    const { metadata } = await client.create(CoreEvent, coreEvent(namespace))
    assert.deepEqual(await namesOf(client, CoreEvent, { labelSelector }), ['first'])
    const body = { message: 'something else happened' }
    await client.patch(CoreEvent, metadata, { type: 'strategic', body })
    const patched = await client.get(CoreEvent, metadata)
    assert.equal(patched.message, 'something else happened')
    const series = { count: 100, lastObservedTime: later }
    await client.update(CoreEvent, { ...patched, series })
    assert.deepEqual((await client.get(CoreEvent, metadata)).series, series)
    await client.delete(CoreEvent, metadata)
    await assert.rejects(client.get(CoreEvent, metadata), isNotFound)
    assert.deepEqual(await namesOf(client, CoreEvent, { labelSelector }), [])
  })

  requirement('New Event resource lifecycle, testing a single event', async ({ client, namespace }) => {
    const { metadata } = await client.create(Event, event(namespace))
    const filters: ListOptions[] = [
      { labelSelector },
      { namespace, fieldSelector: 'reportingController=test-controller' },
      { namespace, labelSelector },
    ]
    for (const filter of filters) assert.deepEqual(await namesOf(client, Event, filter), ['first'])
    const patch = (body: object) => client.patch(Event, metadata, { type: 'strategic', body })
    const first = { count: 2, lastObservedTime: time }
    await patch({ series: first })
    const patched = await client.get(Event, metadata)
    assert.deepEqual(patched.series, first)
    const { eventTime, note, reportingController, regarding } = event(namespace)
    assert.deepEqual({ ...patched, eventTime, note, reportingController, regarding }, patched)
    // However the description has it: what a new event says stays, and the suite itself patches the series.
    await assert.rejects(patch({ note: 'something else happened' }), { code: 422 })
    const series = { count: 100, lastObservedTime: later }
    await client.update(Event, { ...patched, series })
    assert.deepEqual((await client.get(Event, metadata)).series, series)
    const older = await client.get(CoreEvent, metadata)
    assert.deepEqual([older.message, older.series], [note, series])
    await client.delete(Event, metadata)
    for (const filter of filters) assert.deepEqual(await namesOf(client, Event, filter), [])
  })

  for (const [name, kind] of [
    ['Event, delete a collection', CoreEvent],
    ['New Event resource lifecycle, testing a list of events', Event],
  ] as const)
    requirement(name, async ({ client, namespace }) => {
      const names = ['first', 'second', 'third']
      for (const one of [...names, 'other'])
        await (kind === CoreEvent
          ? client.create(CoreEvent, coreEvent(namespace, one))
          : client.create(Event, event(namespace, one)))
      const unlabelled = { type: 'merge', body: { metadata: { labels: null } } } as const
      await client.patch(CoreEvent, { namespace, name: 'other' }, unlabelled)
      assert.deepEqual(await namesOf(client, kind, { labelSelector }), names)
      await (kind === CoreEvent
        ? client.deleteCollection(CoreEvent, { namespace, labelSelector })
        : client.deleteCollection(Event, { namespace, labelSelector }))
      assert.deepEqual(await namesOf(client, kind, { labelSelector }), [])
      assert.deepEqual(await namesOf(client, kind, { namespace }), ['other'])
    })
})
