import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { flag, frameType } from './protocol.js'
import { frame, requestBlock, TestClient } from './test-client.js'
import { hasWritten, mustWait } from './write-turns.js'

const kb = 1024

/** Who writes so many KB each in the first turn of the event loop, and in the turns behind it. */
const cases: readonly (readonly [string, readonly (readonly [name: string, kb: number])[], readonly string[]])[] = [
  ['little: all at once', [...'abcd'].map(name => [name, 10] as const), ['abcd']],
  ['much: some in each turn, in order', [...'abcdefg'].map(name => [name, 128] as const), ['ab', 'cd', 'ef', 'g']],
  ['one very much: others wait for one turn', [['a', 4000], ...[...'bc'].map(name => [name, 1] as const)], ['a', 'bc']],
]
for (const [name, writers, expected] of cases)
  it(`connections that have ${name}`, async () => {
    await useUp()
    let seen = ''
    for (const [name, size] of writers) {
      const write = () => {
        if (mustWait(write)) return
        seen += name
        hasWritten(size * kb)
      }
      write()
    }
    const turns: string[] = []
    for (let done = 0; done < writers.length; await turn()) {
      turns.push(seen.slice(done))
      done = seen.length
    }
    assert.deepEqual(turns, expected)
  })

it('a long answer is written over several turns, and all of it', async () => {
  const client = await TestClient.open({}, { 4: 2 ** 31 - 1 })
  const size = 2000 * kb
  client.send(frame(frameType.windowUpdate, 0, 0, [0x7f, 0, 0, 0]))
  client.send(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, requestBlock()))
  while (client.requests.length === 0) await turn()
  client.requests[0]?.respond({ status: 200, headers: {}, body: { kind: 'bytes', chunks: [Buffer.alloc(size)] } }, true)
  const received = () =>
    client.seen.reduce((sum, { type, payload }) => sum + (type === frameType.data ? payload.length : 0), 0)
  let before = 0
  for (let turns = 0; turns < 100 && received() < size; turns++) {
    await turn()
    assert.ok(received() - before <= 512 * kb)
    before = received()
  }
  assert.equal(received(), size)
})

/** Begins with a turn of the event loop in which nothing was written yet. */
async function useUp(): Promise<void> {
  hasWritten(1000 * kb)
  mustWait(() => {})
  await turn()
}
