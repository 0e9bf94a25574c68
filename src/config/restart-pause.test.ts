import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { RestartPause } from './restart-pause.js'

it('pauses grow as long as what is started does not last', () => {
  const clock = new ManualClock()
  using pause = new RestartPause(clock, 300)
  const pauses: number[] = []
  const restart = () => {
    let started = false
    pause.before(() => {
      started = true
    })
    const from = clock.now()
    while (!started) clock.advance(50)
    pauses.push(clock.now() - from)
  }
  for (let i = 0; i < 4; i++) restart()
  clock.advance(60_000)
  restart()
  pause.reset()
  restart()
  assert.deepEqual(pauses, [50, 100, 200, 300, 50, 50])
})
