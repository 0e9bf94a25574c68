import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Slots } from './slots.js'

it('lets a limited number of tasks run, in order', async () => {
  const slots = new Slots(1)
  const log: string[] = []
  let finish = () => {}
  const first = slots.run(
    () =>
      new Promise<void>(resolve => {
        finish = resolve
      }),
  )
  const task = (name: string) => async () => void log.push(name)
  const abort = new AbortController()
  const all = [
    slots.run(task('second')),
    slots.run(task('never'), abort.signal).catch(error => log.push(`${error}`)),
    slots.run(task('urgent'), undefined, true),
    slots
      .run(async () => {
        log.push('fails')
        throw new Error('a failure must not keep its place')
      })
      .catch(() => {}),
    slots.run(task('last')),
  ]
  await new Promise(setImmediate)
  abort.abort('aborted')
  finish()
  await Promise.all([first, ...all])
  assert.deepEqual(log, ['aborted', 'urgent', 'second', 'fails', 'last'])
})
