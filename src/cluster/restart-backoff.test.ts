import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterExit, DEFAULT_BACKOFF, NO_RESTARTS } from './restart-backoff.js'

test('waits double up to ten seconds, and begin anew after a healthy run', () => {
  const runs = [0, 0, 9_999, 0, 0, 0, 0, 0, 0, 10_000, 0]
  let state = NO_RESTARTS
  const seen = runs.map(ranMs => {
    state = afterExit(state, ranMs, DEFAULT_BACKOFF)
    return [state.quickExits, state.delayMs]
  })
  assert.deepEqual(seen, [
    [1, 100],
    [2, 200],
    [3, 400],
    [4, 800],
    [5, 1600],
    [6, 3200],
    [7, 6400],
    [8, 10_000],
    [9, 10_000],
    [0, 100],
    [1, 200],
  ])
})
