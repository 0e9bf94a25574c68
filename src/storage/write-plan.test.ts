import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type KeyState, planWrites, type WriteRequest } from './write-plan.js'

const value = Buffer.from('x')
const there: KeyState = { revision: 5, deadline: 0 }
const expiring: KeyState = { revision: 6, deadline: 1000 }
const states = new Map([
  ['/there', there],
  ['/expiring', expiring],
])

type Told = readonly [revision: number, previous?: number] | 'nothing there' | { readonly instead: number }

for (const { title, requests, told } of [
  { title: 'nothing', requests: [], told: [] },
  {
    title: 'writes on what is stored',
    requests: [
      { type: 'create', key: '/new', value, expectedRevision: 0, deadline: 0 },
      { type: 'update', key: '/there', value, expectedRevision: 5, deadline: 0 },
      { type: 'expire', key: '/expiring', expectedRevision: 6, deadline: 0 },
    ],
    told: [[11], [12, 5], [13, 6]],
  },
  {
    title: 'refusals take no revision',
    requests: [
      { type: 'create', key: '/there', value, expectedRevision: 0, deadline: 0 },
      { type: 'update', key: '/there', value, expectedRevision: 4, deadline: 0 },
      { type: 'update', key: '/gone', value, expectedRevision: 4, deadline: 0 },
      { type: 'delete', key: '/gone', expectedRevision: 9, deadline: 0 },
      { type: 'delete', key: '/gone', expectedRevision: 0, deadline: 0 },
      { type: 'update', key: '/gone', value, expectedRevision: 0, deadline: 0 },
      { type: 'create', key: '/new', value, expectedRevision: 0, deadline: 0 },
    ],
    told: [{ instead: 5 }, { instead: 5 }, ...Array<Told>(4).fill('nothing there'), [11]],
  },
  {
    title: 'each request finds what those before it did',
    requests: [
      { type: 'create', key: '/a', value, expectedRevision: 0, deadline: 0 },
      { type: 'create', key: '/a', value, expectedRevision: 0, deadline: 0 },
      { type: 'update', key: '/a', value, expectedRevision: 11, deadline: 0 },
      { type: 'delete', key: '/a', expectedRevision: 11, deadline: 0 },
      { type: 'delete', key: '/a', expectedRevision: 12, deadline: 0 },
      { type: 'delete', key: '/a', expectedRevision: 12, deadline: 0 },
      { type: 'create', key: '/a', value, expectedRevision: 0, deadline: 0 },
    ],
    told: [[11], { instead: 11 }, [12, 11], { instead: 12 }, [13, 12], 'nothing there', [14]],
  },
] satisfies { title: string; requests: WriteRequest[]; told: Told[] }[]) {
  it(title, () => {
    const { writes, verdicts } = planWrites(requests, 10, key => states.get(key))
    assert.deepEqual(
      verdicts.map((verdict): Told => {
        if ('instead' in verdict) return verdict.instead ? { instead: verdict.instead.revision } : 'nothing there'
        const { revision, previous } = verdict.write
        return previous ? [revision, previous.revision] : [revision]
      }),
      told,
    )
    assert.deepEqual(
      writes,
      verdicts.flatMap(verdict => ('write' in verdict ? [verdict.write] : [])),
    )
  })
}
