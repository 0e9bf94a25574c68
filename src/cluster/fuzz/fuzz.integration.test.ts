import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fuzzServer } from './fuzz-server.js'

/** Bytes the heap may grow by from one round to a later one: what is compiled, and caches that fill up. */
const allowedGrowth = 24 << 20

it('no request breaks the server, makes it hang, or stays in its memory', { timeout: 120_000 }, async () => {
  const seed = Math.floor(Date.now() / 86_400_000)
  const { faults, heap, statuses } = await fuzzServer({ seed, rounds: 4, requestsPerRound: 800 })
  assert.deepEqual(faults, [], `seed ${seed}`)
  assert.ok((statuses[200] ?? 0) > 100 && (statuses[400] ?? 0) > 100, JSON.stringify(statuses))
  const [, settled = 0] = heap
  assert.ok((heap.at(-1) ?? 0) - settled < allowedGrowth, `seed ${seed}: ${heap.join(', ')} bytes`)
})
