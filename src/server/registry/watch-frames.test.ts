import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mediaTypes } from '../../machinery/negotiation.js'
import { BatchQueue } from '../cache/batch-queue.js'
import { CacheEvent, type Delivery } from '../cache/cache-event.js'
import { StoredObject } from '../cache/stored-object.js'
import type { Form } from './form.js'
import { WatchFrames } from './watch-frames.js'

const json = { media: 'json', as: 'object', contentType: mediaTypes.json } as unknown as Form

const deliveryOf = (revision: number): Delivery => {
  const stored = new StoredObject(Buffer.from('{"kind":"A","apiVersion":"v1","metadata":{"name":"a"}}'), revision)
  return { event: new CacheEvent('MODIFIED', 'a', stored, undefined, revision), type: 'MODIFIED' }
}

const versions = (bytes: Uint8Array | undefined): number[] =>
  [...(bytes?.toString() ?? '').matchAll(/"resourceVersion":"(\d+)"/g)].map(([, version]) => Number(version))

function watch(capacity = 100) {
  const queue = new BatchQueue<Delivery>(capacity)
  let stops = 0
  const frames = new WatchFrames({ resource: {}, host: {} } as never, json, queue, false, () => stops++)
  return { queue, frames, stops: () => stops }
}

it('each event is taken once, in order, however many come at a time', () => {
  const { queue, frames } = watch()
  const seen: number[] = []
  let revision = 0
  for (const count of [1, 3, 0, 0, 2, 5, 0, 1]) {
    for (let i = 0; i < count; i++) queue.push(deliveryOf(++revision))
    seen.push(...versions(frames.take()))
    assert.equal(frames.take(), undefined)
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

it('watchers of the same share what is joined for them', () => {
  const [one, other] = [watch(), watch()]
  for (const delivery of [deliveryOf(1), deliveryOf(2)]) for (const { queue } of [one, other]) queue.push(delivery)
  const bytes = one.frames.take()
  assert.deepEqual(versions(bytes), [1, 2])
  assert.equal(other.frames.take(), bytes)
})

it('ends with its queue, and stops what is behind it once', async () => {
  const { queue, frames, stops } = watch()
  queue.push(deliveryOf(1))
  queue.close()
  assert.equal(frames.ended, false)
  const seen: number[] = []
  for await (const bytes of frames) seen.push(...versions(bytes))
  assert.deepEqual([seen, frames.ended, stops()], [[1], true, 1])
  frames.close()
  assert.equal(stops(), 1)
})

it('tells a client that was too slow that it has missed something', () => {
  const { queue, frames } = watch(1)
  queue.push(deliveryOf(1))
  queue.push(deliveryOf(2))
  assert.equal(frames.ended, false)
  assert.match(frames.take()?.toString() ?? '', /^\{"type":"ERROR","object":\{.*"code":410/)
  assert.equal(frames.ended, true)
})
