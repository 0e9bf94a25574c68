import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Turns } from './turns.js'

describe('turns', () => {
  it('lets one after the other for a key, and keys side by side', async () => {
    const turns = new Turns()
    const log: string[] = []
    const action = (name: string) => async () => {
      log.push(`${name} begins`)
      await new Promise(setImmediate)
      log.push(`${name} ends`)
      return name
    }
    const results = await Promise.all([
      turns.take('a', action('a1')),
      turns.take('a', action('a2')),
      turns.take('b', action('b1')),
    ])
    assert.deepEqual(results, ['a1', 'a2', 'b1'])
    assert.deepEqual([turns.has('a'), turns.has('b')], [false, false])
    const of = (key: string) => log.filter(text => text.startsWith(key))
    assert.deepEqual(log.slice(0, 2), ['a1 begins', 'b1 begins'])
    assert.deepEqual(of('a'), ['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends'])
    assert.equal(turns.size, 0)
  })

  it('goes on after a failure, and remembers nothing', async () => {
    const turns = new Turns()
    const failed = turns.take('a', async () => {
      throw new Error('no')
    })
    const next = turns.take('a', async () => 'yes')
    assert.deepEqual([turns.has('a'), turns.has('b')], [true, false])
    await assert.rejects(failed, /no/)
    assert.equal(await next, 'yes')
    assert.equal(turns.size, 0)
  })
})
