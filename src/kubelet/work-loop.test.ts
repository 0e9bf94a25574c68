import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { type Again, WorkLoop } from './work-loop.js'

/** A loop whose rounds end as told. */
function loopOf(answers: readonly (Again | Error)[], failed: (error: unknown) => Again = () => undefined) {
  const clock = new ManualClock(0)
  const stop = new AbortController()
  const rounds: number[] = []
  const loop = new WorkLoop({
    clock,
    signal: stop.signal,
    async round() {
      const answer = answers[rounds.length]
      rounds.push(clock.now())
      if (answer instanceof Error) throw answer
      return answer
    },
    failed,
  })
  return { loop, clock, stop, rounds }
}

it('makes one round of several causes at once', async () => {
  const { loop, rounds } = loopOf([])
  assert.deepEqual([loop.wake(), loop.wake()], [false, true])
  await loop.idle()
  assert.equal(rounds.length, 1)
})

it('goes on at once, and at the time that a round asks for', async () => {
  const { loop, clock, rounds } = loopOf(['at once', 500])
  loop.wake()
  await loop.idle()
  assert.deepEqual(rounds, [0, 0])
  clock.advance(500)
  await loop.idle()
  assert.deepEqual(rounds, [0, 0, 500])
})

it('asks when to look again after a round that has failed', async () => {
  const { loop, clock, rounds } = loopOf([new Error('no')], error => (error instanceof Error ? 700 : undefined))
  loop.wake()
  await loop.idle()
  clock.advance(700)
  await loop.idle()
  assert.deepEqual(rounds, [0, 700])
})

it('forgets the time once it is woken before', async () => {
  const { loop, clock, rounds } = loopOf([500])
  loop.wake()
  await loop.idle()
  loop.wake()
  await loop.idle()
  clock.advance(500)
  await loop.idle()
  assert.deepEqual(rounds, [0, 0])
})

it('ends for good', async () => {
  const { loop, clock, stop, rounds } = loopOf([500])
  loop.wake()
  await loop.idle()
  stop.abort()
  clock.advance(500)
  assert.equal(loop.wake(), false)
  await loop.idle()
  assert.deepEqual(rounds, [0])
})
