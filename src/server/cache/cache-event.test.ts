import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ApiObject } from '../../machinery/object.js'
import { CacheEvent, type EventType, seenAs, type WatchFilter } from './cache-event.js'
import { StoredObject } from './stored-object.js'

const stored = (tier: string, revision: number) =>
  new StoredObject(Buffer.from(`{"kind":"A","apiVersion":"v1","metadata":{"labels":{"tier":"${tier}"}}}`), revision)

const event = (type: EventType, key: string, tier: string, before = tier) =>
  new CacheEvent(type, key, stored(tier, 2), type === 'ADDED' ? undefined : stored(before, 1), 2)

const front = { matches: ({ metadata }: ApiObject) => metadata.labels?.['tier'] === 'front' }

const cases: readonly (readonly [string, WatchFilter<ApiObject>, CacheEvent, EventType | undefined])[] = [
  ['everything', { keyPrefix: '' }, event('MODIFIED', 'ns/a', 'x'), 'MODIFIED'],
  ['a namespace', { keyPrefix: 'ns/' }, event('ADDED', 'ns/a', 'x'), 'ADDED'],
  ['another namespace', { keyPrefix: 'ns/' }, event('ADDED', 'ns2/a', 'x'), undefined],
  ['one object', { keyPrefix: 'ns/a', whole: true }, event('DELETED', 'ns/a', 'x'), 'DELETED'],
  ['one whose name is longer', { keyPrefix: 'ns/a', whole: true }, event('ADDED', 'ns/ab', 'x'), undefined],
  ['one that comes into the selection', { keyPrefix: '', ...front }, event('MODIFIED', 'a', 'front', 'x'), 'ADDED'],
  ['one that stays in it', { keyPrefix: '', ...front }, event('MODIFIED', 'a', 'front'), 'MODIFIED'],
  ['one that leaves it', { keyPrefix: '', ...front }, event('MODIFIED', 'a', 'x', 'front'), 'DELETED'],
  ['one that was never in it', { keyPrefix: '', ...front }, event('DELETED', 'a', 'x'), undefined],
]
for (const [name, filter, happened, seen] of cases)
  it(`a watcher of ${name} sees ${seen ?? 'nothing'}`, () => assert.equal(seenAs(filter, happened), seen))
