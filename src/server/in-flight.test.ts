import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiResponse } from '../machinery/http.js'
import { inFlightStage } from './in-flight.js'
import type { RequestContext } from './pipeline.js'

const answer: ApiResponse = { status: 200, headers: {}, body: { kind: 'none' } }
const turnOfEvents = () => new Promise(setImmediate)

function world(limits: { executing: number; waiting: number }) {
  const stage = inFlightStage(limits)
  const running = new Map<string, () => void>()
  const begin = (
    name: string,
    options: { verb?: string; groups?: string[]; direct?: boolean; signal?: AbortSignal } = {},
  ) => {
    const user = { name: 'u', groups: options.groups ?? [] }
    const context = {
      request: { signal: options.signal ?? new AbortController().signal, ...(options.direct ? { user } : {}) },
      info: { verb: options.verb ?? 'get', path: '', resource: { subresource: '' } },
      user,
    } as unknown as RequestContext
    return stage(
      context,
      () =>
        new Promise(resolve => {
          running.set(name, () => {
            running.delete(name)
            resolve(answer)
          })
        }),
    )
  }
  const end = async (name: string) => {
    running.get(name)?.()
    await turnOfEvents()
  }
  return { begin, end, running: () => [...running.keys()].join(' ') }
}

describe('requests in flight', () => {
  it('wait for their turn, in order, and are sent away when too many wait', async () => {
    const { begin, end, running } = world({ executing: 2, waiting: 2 })
    const all = ['a', 'b', 'c', 'd'].map(name => begin(name))
    await turnOfEvents()
    assert.equal(running(), 'a b')
    await assert.rejects(begin('e'), { code: 429, details: { retryAfterSeconds: 1 } })
    await end('b')
    assert.equal(running(), 'a c')
    await end('a')
    await end('c')
    await end('d')
    assert.equal((await Promise.all(all)).length, 4)
    // All places are free again.
    const more = [begin('f'), begin('g')]
    await turnOfEvents()
    assert.equal(running(), 'f g')
    await end('f')
    await end('g')
    await Promise.all(more)
  })

  it('do not count when they last as long as they like, are direct, or come from administrators', async () => {
    const { begin, end, running } = world({ executing: 1, waiting: 0 })
    const all = [
      begin('a'),
      begin('watch', { verb: 'watch' }),
      begin('direct', { direct: true }),
      begin('admin', { groups: ['system:masters'] }),
    ]
    await turnOfEvents()
    assert.equal(running(), 'a watch direct admin')
    for (const name of ['a', 'watch', 'direct', 'admin']) await end(name)
    await Promise.all(all)
  })

  it('whose client leaves give up their place in the queue', async () => {
    const { begin, end, running } = world({ executing: 1, waiting: 5 })
    const leaving = new AbortController()
    const all = [begin('a'), begin('b', { signal: leaving.signal }), begin('c')]
    await turnOfEvents()
    leaving.abort()
    await assert.rejects(all[1] as Promise<unknown>, { name: 'AbortError' })
    await assert.rejects(begin('d', { signal: AbortSignal.abort() }), { name: 'AbortError' })
    await end('a')
    assert.equal(running(), 'c')
    await end('c')
    await Promise.all([all[0], all[2]])
  })
})
