import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EventInit } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import type { ApiObject } from '../machinery/object.js'
import { alreadyExists, forbidden, notFound, serviceUnavailable } from '../machinery/status-error.js'
import type { Client, Patch } from './client.js'
import { EventWriter } from './event-recorder.js'
import type { EventRecorder } from './events.js'

const pod: ApiObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' },
}
const node: ApiObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n1' } }

function writer() {
  const clock = new ManualClock()
  const created: EventInit[] = []
  const patched: { name: string; body: unknown }[] = []
  const errors: unknown[] = []
  /** Thrown by the next requests, one each. */
  const faults: unknown[] = []
  const failing = () => {
    if (faults.length > 0) throw faults.shift()
  }
  const client = {
    create: async (_kind: unknown, event: EventInit) => {
      failing()
      created.push(event)
      return event
    },
    patch: async (_kind: unknown, { name = '' }, patch: Patch) => {
      failing()
      patched.push({ name, body: patch.body })
      return {}
    },
  } as unknown as Client
  const events = new EventWriter({ client, clock, random: () => 0, onError: error => errors.push(error) })
  const recorder = events.recorder({ component: 'c', host: 'h' })
  return { clock, created, patched, errors, faults, events, recorder, series: events.seriesRecorder('c') }
}

describe('event recorder', () => {
  test('writes a core event with its source and what it is about', async () => {
    const { events, recorder, created } = writer()
    recorder.record(pod, 'Warning', 'BackOff', 'Back-off restarting', { fieldPath: 'spec.containers{web}' })
    assert.equal(created.length, 0, 'in the background')
    await events.flushed()
    const [event] = created
    assert.match(event?.metadata.name ?? '', /^web\.[0-9a-f]{16}$/)
    assert.deepEqual(event, {
      metadata: { namespace: 'shop', name: event?.metadata.name },
      involvedObject: {
        kind: 'Pod',
        namespace: 'shop',
        name: 'web',
        uid: 'u1',
        apiVersion: 'v1',
        resourceVersion: '7',
        fieldPath: 'spec.containers{web}',
      },
      reason: 'BackOff',
      message: 'Back-off restarting',
      source: { component: 'c', host: 'h' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      type: 'Warning',
      reportingComponent: 'c',
      reportingInstance: 'h',
    })
  })

  test('events of cluster-scoped objects are in the namespace default', async () => {
    const { events, recorder, created } = writer()
    recorder.record(node, 'Normal', 'NodeReady', 'ready')
    await events.flushed()
    assert.equal(created[0]?.metadata.namespace, 'default')
  })

  test('the same again is counted up', async () => {
    const { clock, events, recorder, created, patched } = writer()
    recorder.record(pod, 'Normal', 'Pulled', 'image is there')
    await events.flushed()
    clock.advance(5000)
    recorder.record(pod, 'Normal', 'Pulled', 'image is there')
    recorder.record(pod, 'Normal', 'Pulled', 'another message')
    await events.flushed()
    assert.equal(created.length, 2)
    assert.notEqual(created[0]?.metadata.name, created[1]?.metadata.name)
    assert.deepEqual(patched, [
      {
        name: created[0]?.metadata.name,
        body: { count: 2, message: 'image is there', lastTimestamp: '2026-01-01T00:00:05Z' },
      },
    ])
  })

  test('is written anew when the one to count up is gone', async () => {
    const { events, recorder, created, faults } = writer()
    recorder.record(pod, 'Normal', 'Pulled', 'again')
    await events.flushed()
    faults.push(notFound({ group: '', plural: 'events' }, 'x'))
    recorder.record(pod, 'Normal', 'Pulled', 'again')
    await events.flushed()
    assert.equal(created.length, 2)
    assert.equal(created[1]?.count, 2)
  })

  test('many similar ones become one', async () => {
    const { events, recorder, created, patched } = writer()
    for (let i = 1; i <= 12; i++) recorder.record(pod, 'Normal', 'Started', `number ${i}`)
    await events.flushed()
    assert.equal(created.length, 10)
    assert.equal(created[8]?.message, 'number 9')
    // Those that had not been written when the next one came.
    assert.equal(created[9]?.message, '(combined from similar events): number 12')
    assert.equal(created[9]?.count, 3)
    recorder.record(pod, 'Normal', 'Started', 'number 13')
    await events.flushed()
    assert.deepEqual(
      patched.map(({ body }) => (body as { message: string }).message),
      ['(combined from similar events): number 13'],
    )
  })

  test('loses none of thousands, and writes several at a time, those of one kind in their order', async () => {
    const counts: number[] = []
    let [underWay, most] = [0, 0]
    const client = {
      async create(_kind: unknown, event: EventInit) {
        most = Math.max(most, ++underWay)
        await turn()
        underWay--
        if (event.reason === 'Again') counts.push(event.count ?? 0)
        else written.add(event.involvedObject.name ?? '')
        return event
      },
      async patch(_kind: unknown, _ref: unknown, { body }: Patch) {
        counts.push((body as { count: number }).count)
      },
    } as unknown as Client
    const written = new Set<string>()
    const events = new EventWriter({ client, clock: new ManualClock() })
    const recorder = events.recorder({ component: 'c' })
    for (let i = 0; i < 5_000; i++) {
      const metadata = { namespace: 'shop', name: `pod-${i}`, uid: `u${i}` }
      recorder.record({ ...pod, metadata }, 'Normal', 'Scheduled', 'assigned')
      if (i % 500 === 0) recorder.record(pod, 'Normal', 'Again', 'and again')
      if (i % 700 === 0) await turn()
    }
    await events.flushed()
    assert.equal(written.size, 5_000)
    assert.ok(most > 1 && most <= 4, `${most} at once`)
    assert.equal(counts.at(-1), 10)
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    )
  })

  test('a flood about one object is cut off; others are heard', async () => {
    const { clock, events, recorder, created, patched } = writer()
    for (let i = 0; i < 100; i++) recorder.record(pod, 'Normal', 'Flood', 'the same')
    recorder.record(node, 'Normal', 'Other', 'object')
    await events.flushed()
    assert.deepEqual(
      created.map(({ reason, count }) => [reason, count]),
      [
        ['Flood', 25],
        ['Other', 1],
      ],
    )
    clock.advance(5 * 60_000)
    recorder.record(pod, 'Normal', 'Flood', 'the same')
    recorder.record(pod, 'Normal', 'Flood', 'the same')
    await events.flushed()
    assert.equal(patched.length, 1)
  })

  test('waits for a server that is away; does not wait for one that refuses', async () => {
    const { clock, events, recorder, created, faults, errors } = writer()
    faults.push(serviceUnavailable('away'))
    recorder.record(pod, 'Normal', 'One', 'one')
    await turn()
    assert.equal(created.length, 0)
    clock.advance(10_000)
    await events.flushed()
    assert.equal(created.length, 1)
    faults.push(forbidden({ group: '', plural: 'events' }, 'x', 'the namespace is being terminated'))
    recorder.record(pod, 'Normal', 'Two', 'two')
    await events.flushed()
    assert.equal(created.length, 1)
    assert.deepEqual(errors, [])
  })

  test('disposing drops what is not written', async () => {
    const { events, recorder, created, faults } = writer()
    faults.push(serviceUnavailable('away'))
    recorder.record(pod, 'Normal', 'One', 'one')
    await turn()
    await events[Symbol.asyncDispose]()
    recorder.record(pod, 'Normal', 'Two', 'two')
    await events.flushed()
    assert.equal(created.length, 0)
  })

  test('a try that came through though it seemed to fail is not repeated under another name', async () => {
    const { clock, events, recorder, created, faults, patched, errors } = writer()
    faults.push(serviceUnavailable('away'), alreadyExists({ group: '', plural: 'events' }, 'x'))
    recorder.record(pod, 'Normal', 'One', 'one')
    await turn()
    clock.advance(10_000)
    await events.flushed()
    recorder.record(pod, 'Normal', 'One', 'one')
    await events.flushed()
    assert.deepEqual([created.length, patched.length, errors.length], [0, 1, 0])
  })
})

describe('event series', () => {
  const minutes = 60_000
  const tell = (recorder: EventRecorder, message = 'Successfully assigned') =>
    recorder.record(pod, 'Normal', 'Scheduled', message, { action: 'Binding' })

  test('are events of events.k8s.io, with what was being done and another object', async () => {
    const { events, series, created } = writer()
    series.record(pod, 'Normal', 'Preempted', 'by another', { action: 'Preempting', related: node })
    await events.flushed()
    const [event] = created
    assert.match(event?.metadata.name ?? '', /^web\.[0-9a-f]{16}$/)
    assert.deepEqual(event, {
      metadata: { namespace: 'shop', name: event?.metadata.name },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'c',
      reportingInstance: `c-${hostname()}`,
      action: 'Preempting',
      reason: 'Preempted',
      regarding: { kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1', apiVersion: 'v1', resourceVersion: '7' },
      related: { kind: 'Node', name: 'n1', uid: 'n1', apiVersion: 'v1' },
      note: 'by another',
      type: 'Normal',
    })
  })

  test('tell of the second time at once, of more when they are over or have gone on for long', async () => {
    const { clock, events, series, created, patched } = writer()
    const told = () => patched.map(({ body }) => (body as { series: object }).series)
    tell(series)
    await events.flushed()
    clock.advance(1000)
    tell(series, 'another message')
    tell(series)
    await events.flushed()
    assert.equal(created.length, 1)
    assert.deepEqual(told(), [{ count: 3, lastObservedTime: '2026-01-01T00:00:01.000000Z' }])
    clock.advance(1000)
    tell(series)
    await events.flushed()
    assert.equal(told().length, 1)
    // Between six and twelve minutes after the last time.
    clock.advance(12 * minutes)
    await events.flushed()
    assert.deepEqual(told().slice(1), [{ count: 4, lastObservedTime: '2026-01-01T00:00:02.000000Z' }])
    tell(series)
    await events.flushed()
    assert.equal(created.length, 2)
    patched.length = 0
    for (let minute = 0; minute < 40; minute++) {
      tell(series)
      await events.flushed()
      clock.advance(minutes)
    }
    assert.equal(created.length, 2)
    const counts = patched.map(({ body }) => (body as { series: { count: number } }).series.count)
    assert.ok(counts.length <= 3 && (counts.at(-1) ?? 0) > 20, `${counts}`)
  })

  test('that changed their object, or were written anew, are others', async () => {
    const { events, series, created, faults, patched } = writer()
    tell(series)
    const { metadata } = pod
    series.record({ ...pod, metadata: { ...metadata, resourceVersion: '8' } }, 'Normal', 'Scheduled', 'x')
    await events.flushed()
    assert.deepEqual([created.length, patched.length], [2, 0])
    faults.push(notFound({ group: 'events.k8s.io', plural: 'events' }, 'x'))
    tell(series)
    await events.flushed()
    assert.equal((created[2] as { series?: { count: number } }).series?.count, 2)
    assert.equal(created[2]?.metadata.name, created[0]?.metadata.name)
  })

  test('notes are as long as the server takes them', async () => {
    const { events, series, created } = writer()
    tell(series, 'ä'.repeat(600))
    await events.flushed()
    assert.equal((created[0] as { note?: string }).note, `${'ä'.repeat(510)} ...`)
  })
})
