import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiResponse } from '../machinery/http.js'
import { type InFlightLimits, inFlightStage, isLongRunning } from './in-flight.js'
import type { RequestContext } from './pipeline.js'
import { requestInfo } from './request-info.js'

const answer: ApiResponse = { status: 200, headers: {}, body: { kind: 'none' } }
const turnOfEvents = () => new Promise(setImmediate)

function world(limits: InFlightLimits) {
  const stage = inFlightStage(limits)
  const ends: (() => void)[] = []
  const begin = (verb: string, { groups = [] as string[], direct = false, subresource = '' } = {}) => {
    const user = { name: 'u', groups }
    const context = {
      request: direct ? { user } : {},
      info: { verb, path: '', resource: { subresource } },
      user,
    } as unknown as RequestContext
    return stage(context, () => new Promise(resolve => ends.push(() => resolve(answer))))
  }
  const endAll = async () => {
    for (const end of ends.splice(0)) end()
    await turnOfEvents()
  }
  return { begin, endAll, running: () => ends.length }
}

describe('requests in flight', () => {
  it('are so many at a time, reads and writes apart; others are sent away', async () => {
    const { begin, endAll, running } = world({ reads: 2, writes: 1 })
    for (const verb of ['get', 'list', 'create']) void begin(verb)
    for (const verb of ['get', 'patch']) {
      const { status, headers, body } = await begin(verb)
      assert.deepEqual([status, headers['retry-after']], [429, '1'])
      assert.ok(body.kind === 'bytes')
      assert.equal(String(body.chunks[0]), 'Too many requests, please try again later.\n')
    }
    assert.equal(running(), 3)
    await endAll()
    for (const verb of ['get', 'get', 'update']) void begin(verb)
    assert.equal(running(), 3)
    await endAll()
  })

  it('do not count when they last as long as they like, are direct, or come from administrators', async () => {
    const { begin, endAll, running } = world({ reads: 1, writes: 1 })
    void begin('get')
    void begin('watch')
    void begin('get', { subresource: 'log' })
    void begin('get', { direct: true })
    void begin('get', { groups: ['system:masters'] })
    assert.equal(running(), 5)
    await endAll()
  })

  it('may be any number', async () => {
    const { begin, endAll, running } = world({ reads: 0, writes: 0 })
    for (let i = 0; i < 1000; i++) void begin(i % 2 ? 'get' : 'create')
    assert.equal(running(), 1000)
    await endAll()
  })
})

const requests: [string, string, boolean][] = [
  ['GET', '/api/v1/pods', false],
  ['GET', '/api/v1/pods?watch=1', true],
  ['GET', '/api/v1/namespaces/a/pods/p/log', true],
  ['POST', '/api/v1/namespaces/a/pods/p/exec', true],
  ['GET', '/api/v1/namespaces/a/services/s/proxy/x', true],
  ['POST', '/api/v1/namespaces/a/pods/p/eviction', false],
  ['GET', '/healthz', false],
]

describe('long-running requests', () => {
  for (const [method, target, expected] of requests)
    it(`${method} ${target}: ${expected}`, () => {
      const [path = '', query] = target.split('?')
      assert.equal(isLongRunning(requestInfo(method, path, new URLSearchParams(query))), expected)
    })
})
