import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { FaultReport } from './fault-report.js'

it('the same fault is told of now and then, with how often it was', () => {
  const clock = new ManualClock()
  const told: string[] = []
  const report = new FaultReport(clock, error => void told.push((error as Error).message))
  report.tell('plugin a', new Error('x'))
  report.tell('plugin a', new Error('x'))
  report.tell('plugin a', new Error('x'))
  report.tell('plugin a', new Error('y'))
  report.tell('plugin b', new Error('x'))
  assert.deepEqual(told, ['plugin a', 'plugin a', 'plugin b'])
  clock.advance(10_000)
  report.tell('plugin a', new Error('x'))
  assert.equal(told.at(-1), 'plugin a (and 2 times since it was last told)')
})
