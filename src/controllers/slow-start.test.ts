import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slowStart } from './slow-start.js'

test('batches double; an error ends it after its batch', async () => {
  const table: [string, number, number | undefined, number[], number][] = [
    // count, index that fails -> sizes of batches, how many succeeded
    ['all', 10, undefined, [1, 2, 4, 3], 10],
    ['none to do', 0, undefined, [], 0],
    ['the first fails', 10, 0, [1], 0],
    ['one in a batch fails', 20, 4, [1, 2, 4], 6],
  ]
  for (const [what, count, failing, sizes, succeeded] of table) {
    const batches: number[] = []
    let open = 0
    const result = await slowStart(count, async index => {
      open++
      await undefined
      if (open > 0) {
        batches.push(open)
        open = 0
      }
      if (index === failing) throw new Error('refused')
    })
    assert.deepEqual(batches, sizes, what)
    assert.equal(result.succeeded, succeeded, what)
    assert.equal(result.error === undefined, failing === undefined, what)
  }
})
