import assert from 'node:assert/strict'
import { it } from 'node:test'
import { afterRestart, type BackOffEntry, restartDue } from './restart-back-off.js'

it('waits 0, 10, 20, 40 ... at most 300 seconds', () => {
  let now = 0
  let entry: BackOffEntry | undefined
  const waits: number[] = []
  for (let crash = 0; crash < 8; crash++) {
    const finished = now + 1000
    const due = restartDue(entry, finished)
    waits.push((due - finished) / 1000)
    entry = afterRestart(entry, finished, due)
    now = due
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300])
})

it('forgets after ten minutes of running', () => {
  const entry: BackOffEntry = { delay: 160_000, at: 0 }
  assert.equal(restartDue(entry, 600_001), 600_001)
  assert.deepEqual(afterRestart(entry, 600_001, 600_001), { delay: 10_000, at: 600_001 })
})
