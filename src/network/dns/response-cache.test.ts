import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, type DecodedPacket, decode, encode } from 'dns-packet'
import { ManualClock } from '../../machinery/clock.js'
import { ResponseCache } from './response-cache.js'

const address = (ttl: number): Answer => ({ type: 'A', name: 'www.example.com', ttl, data: '192.0.2.1' })
const zone = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'example.com',
  ttl,
  data: { mname: 'ns.example.com', rname: 'me.example.com', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})
const response = (code: number, answers: Answer[], authorities: Answer[] = [], flags = 0): Buffer =>
  encode({
    type: 'response',
    id: 7,
    flags: flags | code,
    questions: [{ type: 'A', name: 'www.example.com' }],
    answers,
    authorities,
  })

const cases: readonly (readonly [title: string, message: Buffer, seconds: number])[] = [
  ['as long as its shortest record', response(0, [address(60), address(30)]), 30],
  ['no longer than five minutes', response(0, [address(86_400)]), 300],
  ['not at all, if it must not be', response(0, [address(0)]), 0],
  ['a name that does not exist, as long as its zone says', response(3, [], [zone(60, 20)]), 20],
  ['a name without such records', response(0, [], [zone(10, 20)]), 10],
  ['a name that does not exist in a zone that does not say', response(3, []), 0],
  ['no failures', response(2, []), 0],
  ['nothing incomplete', response(0, [address(60)], [], 0x200), 0],
  ['nothing malformed', response(0, [address(60)]).subarray(0, -1), 0],
  [
    'nothing very long',
    response(
      0,
      Array.from({ length: 200 }, () => address(60)),
    ),
    0,
  ],
]

describe('answers are remembered', () => {
  for (const [title, message, seconds] of cases)
    it(title, () => {
      const clock = new ManualClock()
      const cache = new ResponseCache(clock, 10)
      cache.put('key', message)
      if (!seconds) return assert.equal(cache.get('key'), undefined)
      assert.deepEqual(cache.get('key'), message)
      clock.advance(seconds * 1000 - 1)
      assert.ok(cache.get('key'))
      clock.advance(1)
      assert.equal(cache.get('key'), undefined)
      assert.equal(cache.size, 0)
    })

  it('with the time that is left to them', () => {
    const clock = new ManualClock()
    const cache = new ResponseCache(clock, 10)
    cache.put('key', response(0, [address(60), address(30)]))
    clock.advance(12_900)
    const { answers } = decode(cache.get('key') ?? assert.fail()) as DecodedPacket
    assert.deepEqual(
      answers?.map(answer => 'ttl' in answer && answer.ttl),
      [48, 18],
    )
  })

  it('each as a copy of its own', () => {
    const cache = new ResponseCache(new ManualClock(), 10)
    cache.put('key', response(0, [address(60)]))
    cache.get('key')?.fill(0)
    assert.deepEqual(cache.get('key'), response(0, [address(60)]))
  })

  it('no more than there is room for: those not used for longest go', () => {
    const cache = new ResponseCache(new ManualClock(), 2)
    for (const key of ['a', 'b']) cache.put(key, response(0, [address(60)]))
    cache.get('a')
    cache.put('c', response(0, [address(60)]))
    assert.deepEqual(
      ['a', 'b', 'c'].map(key => cache.get(key) !== undefined),
      [true, false, true],
    )
  })
})
