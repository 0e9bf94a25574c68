import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiObject } from '../../machinery/object.js'
import { CacheEvent } from './cache-event.js'
import { EventRing } from './event-ring.js'
import { encodeForStore, StoredObject } from './stored-object.js'

function event(revision: number, bytes = 0): CacheEvent<ApiObject> {
  const object = { kind: 'K', apiVersion: 'v1', metadata: { name: 'a' }, data: 'x'.repeat(bytes) }
  return new CacheEvent(
    'MODIFIED',
    'a',
    new StoredObject<ApiObject>(encodeForStore(object), revision),
    undefined,
    revision,
  )
}

const revisions = (ring: EventRing<ApiObject>, after: number) => ring.after(after).map(({ revision }) => revision)

describe('event ring', () => {
  it('answers what came after a revision', () => {
    const ring = new EventRing<ApiObject>(10)
    ring.restart(5)
    for (const revision of [6, 8, 9]) ring.push(event(revision))
    assert.deepEqual(
      [4, 5, 6, 7, 8, 9, 10].map(after => revisions(ring, after)),
      [[6, 8, 9], [6, 8, 9], [8, 9], [8, 9], [9], [], []],
    )
    assert.equal(ring.start, 5)
  })

  it('is bounded in number, and knows from where it is complete', () => {
    const ring = new EventRing<ApiObject>(3)
    for (let revision = 1; revision <= 100; revision++) {
      ring.push(event(revision))
      const kept = revisions(ring, 0)
      assert.ok(kept.length <= 6)
      // Complete from its start on, without a gap.
      assert.deepEqual(
        kept,
        Array.from({ length: revision - ring.start }, (_, i) => ring.start + i + 1),
      )
    }
  })

  it('is bounded in bytes', () => {
    const ring = new EventRing<ApiObject>(1000, 10_000)
    for (let revision = 1; revision <= 50; revision++) ring.push(event(revision, 1000))
    assert.ok(revisions(ring, 0).length <= 20)
    assert.deepEqual(revisions(ring, 48), [49, 50])
    ring.push(event(51, 50_000))
    assert.deepEqual(revisions(ring, 51), [])
    assert.equal(ring.start, 51)
  })
})
