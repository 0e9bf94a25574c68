import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Clock, ManualClock, sleep, sleepAwake } from './clock.js'

/** A clock that may jump: what is due by then happens at once, as after the machine has slept. */
class JumpingClock implements Clock {
  #now = 0
  #timers: { readonly due: number; readonly action: () => void }[] = []

  now = () => this.#now

  after(ms: number, action: () => void): Disposable {
    const timer = { due: this.#now + ms, action }
    this.#timers.push(timer)
    return { [Symbol.dispose]: () => void (this.#timers = this.#timers.filter(each => each !== timer)) }
  }

  jump(ms: number): void {
    this.#now += ms
    const due = this.#timers.filter(timer => timer.due <= this.#now)
    this.#timers = this.#timers.filter(timer => timer.due > this.#now)
    for (const { action } of due) action()
  }
}

describe('sleeping', () => {
  const table: readonly (readonly [string, typeof sleep, readonly number[], boolean])[] = [
    ['to the end', sleep, [500, 500], true],
    ['not to the end', sleep, [500, 499], false],
    ['through a jump', sleep, [3_600_000], true],
    ['awake to the end', sleepAwake, Array(10).fill(100), true],
    ['awake through a jump', sleepAwake, [3_600_000], false],
    ['awake through a jump and the rest', sleepAwake, [3_600_000, ...Array(9).fill(100)], true],
  ]
  for (const [what, pause, jumps, ends] of table)
    it(`${what} ${ends ? 'ends' : 'goes on'}`, async () => {
      const clock = new JumpingClock()
      let ended = false
      void pause(clock, 1000).then(() => {
        ended = true
      })
      for (const ms of jumps) clock.jump(ms)
      await undefined
      await undefined
      assert.equal(ended, ends)
    })

  for (const pause of [sleep, sleepAwake]) {
    it(`ends with time that is moved (${pause.name})`, async () => {
      const clock = new ManualClock()
      const slept = pause(clock, 1000)
      clock.advance(1000)
      await slept
    })

    it(`ends with the signal (${pause.name})`, async () => {
      const abort = new AbortController()
      const slept = pause(new ManualClock(), 1000, abort.signal)
      abort.abort(new Error('enough'))
      await assert.rejects(slept, /enough/)
      await assert.rejects(pause(new ManualClock(), 1000, abort.signal), /enough/)
    })
  }
})
