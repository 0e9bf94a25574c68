import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { requestInfo } from '../request-info.js'
import { FlowMetrics } from './flow-metrics.js'
import { type Flow, PriorityLevel, type Queuing, Rejected, type Ticket } from './priority-level.js'
import type { Work } from './work-estimate.js'

const info = requestInfo('GET', '/api/v1/pods', new URLSearchParams())
const user = { name: 'u', groups: [] }
const turnOfEvents = () => new Promise(setImmediate)

function world(queuing: Queuing | undefined, seatLimit: number) {
  const clock = new ManualClock()
  const registry = new MetricsRegistry()
  const level = new PriorityLevel('l', clock, 15_000)
  level.configure(queuing)
  level.seatLimit = seatLimit
  const flow: Flow = { schema: 's', cells: new FlowMetrics(registry).flow('l', 's'), hands: new Map() }
  const running = new Map<string, Ticket>()
  const refused = new Map<string, string>()
  /** Begins a request called after its flow, as in `a1`. */
  const begin = (name: string, work: Partial<Work> = {}, signal = new AbortController().signal) => {
    const refuse = (error: unknown) => {
      assert.ok(error instanceof Rejected)
      refused.set(name, error.reason)
    }
    try {
      const whole = { seats: 1, finalSeats: 0, extraMs: 0, ...work }
      const turn = level.begin(flow, name.slice(0, 1), whole, { info, user }, () => signal)
      if (turn instanceof Promise) turn.then(ticket => running.set(name, ticket), refuse)
      else running.set(name, turn)
    } catch (error) {
      refuse(error)
    }
  }
  const end = async (name: string) => {
    const ticket = running.get(name)
    assert.ok(ticket, `${name} runs`)
    running.delete(name)
    level.end(ticket)
    await turnOfEvents()
  }
  const shown = (metric: string) =>
    registry
      .text()
      .split('\n')
      .find(line => line.startsWith(metric))
  return { clock, level, begin, end, refused, shown, running: () => [...running.keys()].join(' ') }
}

const many: Queuing = { queues: 64, handSize: 4, queueLengthLimit: 50 }

describe('a priority level', () => {
  it('without queues serves at once or not at all', async () => {
    const { begin, end, running, refused } = world(undefined, 2)
    for (const name of ['a1', 'a2', 'a3']) begin(name)
    assert.equal(running(), 'a1 a2')
    assert.deepEqual([...refused], [['a3', 'concurrency-limit']])
    await end('a1')
    begin('a4')
    assert.equal(running(), 'a2 a4')
  })

  it('lets a flow wait in its queues, and sends away what does not fit', async () => {
    const { level, begin, end, running, refused, shown } = world({ queues: 1, handSize: 1, queueLengthLimit: 2 }, 1)
    for (const name of ['a1', 'a2', 'a3', 'a4']) begin(name)
    assert.deepEqual([...refused], [['a4', 'queue-full']])
    assert.equal(level.waitingCount, 2)
    assert.match(shown('apiserver_flowcontrol_current_inqueue_requests{') ?? '', / 2$/)
    await end('a1')
    assert.equal(running(), 'a2')
    await end('a2')
    await end('a3')
    assert.ok(level.idle)
    assert.deepEqual([level.activeQueues, level.seatsInUse, level.demand.value], [0, 0, 0])
    assert.match(shown('apiserver_flowcontrol_dispatched_requests_total') ?? '', / 3$/)
    assert.match(shown('apiserver_flowcontrol_rejected_requests_total') ?? '', /reason="queue-full"} 1$/)
  })

  it('serves flows in turn, however much one of them asks', async () => {
    const { clock, begin, end, running } = world(many, 1)
    for (let i = 0; i < 20; i++) begin(`a${i}`)
    begin('b0')
    begin('b1')
    const order: string[] = []
    for (let i = 0; i < 8; i++) {
      const name = running()
      order.push(name.slice(0, 1))
      clock.advance(3)
      await end(name)
    }
    // The elephant is spread over its hand of four queues; the mouse waits no longer than for one of each.
    assert.deepEqual(order.slice(0, 6).filter(flow => flow === 'b').length >= 1, true, order.join(''))
    assert.equal(order.filter(flow => flow === 'b').length, 2, order.join(''))
  })

  it('charges a queue for what its requests took', async () => {
    const { clock, level, begin, end, running } = world({ queues: 512, handSize: 1, queueLengthLimit: 50 }, 1)
    for (const name of ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'b3', 'b4']) begin(name)
    assert.equal(level.activeQueues, 2)
    const order: string[] = []
    for (let i = 0; i < 6; i++) {
      const name = running()
      order.push(name)
      // Those of one flow take four times as long as those of the other.
      clock.advance(name.startsWith('a') ? 40 : 10)
      await end(name)
    }
    assert.deepEqual(order, ['a0', 'b0', 'b1', 'b2', 'b3', 'a1'])
  })

  it('waits until a wide request fits, and gives it everything if it never would', async () => {
    const { begin, end, running } = world(many, 4)
    begin('a1', { seats: 3 })
    begin('b1', { seats: 2 })
    begin('c1', { seats: 1 })
    assert.equal(running(), 'a1')
    await end('a1')
    // What is sooner done comes first.
    assert.equal(running(), 'c1 b1')
    await end('b1')
    begin('d1', { seats: 9 })
    assert.equal(running(), 'c1')
    await end('c1')
    assert.equal(running(), 'd1')
  })

  it('keeps seats for what a write causes', async () => {
    const { clock, begin, end, running, level } = world(many, 2)
    begin('a1', { seats: 1, finalSeats: 2, extraMs: 50 })
    await end('a1')
    begin('b1')
    assert.equal(running(), '')
    clock.advance(50)
    await turnOfEvents()
    assert.equal(running(), 'b1')
    assert.equal(level.seatsInUse, 1)
  })

  it('sends away who has waited too long, and forgets who has gone', async () => {
    const { clock, level, begin, end, refused } = world(many, 1)
    const gone = new AbortController()
    begin('a1')
    begin('a2')
    begin('b1', {}, gone.signal)
    begin('c1', {}, AbortSignal.abort())
    gone.abort()
    clock.advance(15_000)
    await turnOfEvents()
    assert.deepEqual(Object.fromEntries(refused), { a2: 'time-out', b1: 'cancelled', c1: 'cancelled' })
    assert.deepEqual(level.counts, { dispatched: 1, rejected: 0, timedOut: 1, cancelled: 2 })
    await end('a1')
    assert.ok(level.idle)
    assert.deepEqual([level.activeQueues, level.seatsInUse, level.demand.value], [0, 0, 0])
  })

  it('takes more seats and other queues while requests wait', async () => {
    const { level, begin, end, running } = world(many, 1)
    for (let i = 0; i < 6; i++) begin(`${'abcdef'[i]}1`)
    level.configure({ queues: 2, handSize: 1, queueLengthLimit: 10 })
    assert.equal(level.waitingCount, 5)
    level.seatLimit = 3
    await turnOfEvents()
    assert.equal(running().split(' ').length, 3)
    for (let left = 6; left > 0; left--) await end(running().split(' ')[0] ?? '')
    assert.ok(level.idle)
    assert.deepEqual([level.activeQueues, level.seatsInUse], [0, 0])
  })
})
