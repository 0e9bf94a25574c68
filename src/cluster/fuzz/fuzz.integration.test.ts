import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fuzzConnections } from './fuzz-connections.js'
import { fuzzServer } from './fuzz-server.js'
import { Random } from './mutate.js'

/** Bytes the heap may grow by from one round to a later one: what is compiled, and caches that fill up. */
const allowedGrowth = 24 << 20

const today = () => Math.floor(Date.now() / 86_400_000)

it('nothing that a client sends breaks a connection in any other way than it should', { timeout: 60_000 }, async () => {
  const seed = today()
  const { requests, endings, faults } = await fuzzConnections(new Random(seed), 1000)
  assert.deepEqual(faults, [], `seed ${seed}`)
  assert.ok(requests > 1000 && Object.keys(endings).length > 3, JSON.stringify({ requests, endings }))
})

it('no request breaks the server, makes it hang, or stays in its memory', { timeout: 120_000 }, async () => {
  const seed = today()
  const { faults, heap, statuses } = await fuzzServer({ seed, rounds: 4, requestsPerRound: 800 })
  assert.deepEqual(faults, [], `seed ${seed}`)
  assert.ok((statuses[200] ?? 0) > 100 && (statuses[400] ?? 0) > 100, JSON.stringify(statuses))
  const [, settled = 0] = heap
  assert.ok((heap.at(-1) ?? 0) - settled < allowedGrowth, `seed ${seed}: ${heap.join(', ')} bytes`)
})
