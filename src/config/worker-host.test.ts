import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../machinery/clock.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { FaultReport } from './fault-report.js'
import type { PluginCall } from './plugin-call.js'
import { PluginMetrics } from './plugin-metrics.js'
import { type ConfigFolder, configFolder } from './test-config-file.js'
import { WorkerHost } from './worker-host.js'

const configuration = `
  import { defineConfig, StatusError } from 'typernetes'
  const kept: unknown[] = []
  export default defineConfig({
    authorizers: [{
      name: 'all',
      async authorize({ name }, { path }) {
        switch (name) {
          case 'throws': throw new TypeError('no')
          case 'throws text': throw 'no'
          case 'rejects': return Promise.reject(new Error('later'))
          case 'refuses': throw new StatusError(418, 'Teapot', 'short and stout')
          case 'hangs': return new Promise(() => {})
          case 'loops': for (;;) {}
          case 'loops later': await new Promise(done => setTimeout(done, 1)); for (;;) {}
          case 'exits': return process.exit(7)
          case 'breaks': setTimeout(() => { throw new Error('from nowhere') }); return new Promise(() => {})
          case 'grows': for (;;) kept.push(new Array(10_000).fill(kept.length))
          case 'forgets': void Promise.reject(new Error('forgotten')); return { verdict: 'none' }
          case 'answers a function': return (() => {}) as never
          case 'slow': await new Promise(done => setTimeout(done, Number(path)))
        }
        return { verdict: 'allow', reason: name }
      },
    }],
  })`

/** Of calls that end by themselves, in ms: a thread that is started anew takes a while on a busy machine. */
const longTime = 60_000

const call = (name: string, path = ''): PluginCall => ({
  list: 'authorizers',
  index: 0,
  point: 'authorize',
  user: { name, groups: [] },
  access: { verb: 'get', path },
})

describe('plugins in a thread', () => {
  let folder: ConfigFolder
  let host: WorkerHost
  const told: Error[] = []
  let onTold = () => {}
  const restarts: string[] = []
  // The clock keeps no process alive; while the thread is started anew, nothing else would.
  const alive = setInterval(() => {}, 60_000)
  before(async () => {
    folder = await configFolder()
    const metrics = new PluginMetrics()
    metrics.restarted = (_, reason) => void restarts.push(reason)
    host = await WorkerHost.start({
      file: await folder.write(configuration),
      handle: () => Promise.reject(serviceUnavailable('there is none')),
      clock: systemClock,
      report: new FaultReport(systemClock, error => {
        told.push(error as Error)
        onTold()
      }),
      heapMb: 100,
      metrics,
    })
  })
  after(async () => {
    clearInterval(alive)
    await host[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  const works = async () =>
    assert.deepEqual(await host.call(call('jane'), longTime), { verdict: 'allow', reason: 'jane' })

  const harmless: [string, number, object][] = [
    ['throws', longTime, { name: 'PluginFault', reason: 'error', message: 'no' }],
    ['throws text', longTime, { name: 'PluginFault', reason: 'error', message: 'it threw no' }],
    ['rejects', longTime, { name: 'PluginFault', reason: 'error', message: 'later' }],
    ['refuses', longTime, { name: 'StatusError', code: 418, message: 'short and stout' }],
    ['hangs', 50, { name: 'PluginFault', reason: 'timeout', message: 'it did not answer within 50 ms' }],
    ['answers a function', longTime, { name: 'PluginFault', reason: 'error', message: /could not be cloned/ }],
  ]
  for (const [name, timeout, error] of harmless)
    it(`one that ${name} harms itself alone`, async () => {
      const other = host.call(call('slow', '20'), longTime)
      await assert.rejects(host.call(call(name), timeout), error)
      assert.deepEqual(await other, { verdict: 'allow', reason: 'slow' })
      assert.deepEqual(restarts, [])
    })

  it('a promise that nobody waits for is told of', async () => {
    assert.deepEqual(await host.call(call('forgets'), longTime), { verdict: 'none' })
    await works()
    assert.match(String(told.at(-1)?.message), /a promise that nobody waits for/)
    assert.deepEqual(restarts, [])
  })

  it('the stack of a fault tells the line in the file', async () => {
    const fault = await host.call(call('throws'), longTime).catch(error => error as Error)
    assert.match(String((fault as { cause?: Error }).cause?.stack), /t8s\.config\.ts:9:\d+/)
  })

  const harmful: [string, number, object, string][] = [
    ['loops', 300, { reason: 'blocked', message: /did not let go of its thread within 300 ms/ }, 'blocked'],
    ['loops later', 300, { reason: 'blocked' }, 'blocked'],
    ['exits', longTime, { reason: 'crash', message: /code 7/ }, 'crash'],
    ['breaks', longTime, { reason: 'crash', message: /from nowhere/ }, 'crash'],
    ['grows', longTime, { reason: 'crash', message: /memory/ }, 'crash'],
  ]
  for (const [name, timeout, error, reason] of harmful)
    it(`one that ${name} costs its thread; what else was under way is done`, async () => {
      restarts.length = 0
      const other = host.call(call('slow', '10'), longTime)
      const bad = assert.rejects(host.call(call(name), timeout), error)
      const behind = host.call(call('behind'), longTime)
      await bad
      assert.deepEqual(await other, { verdict: 'allow', reason: 'slow' })
      assert.deepEqual(await behind, { verdict: 'allow', reason: 'behind' })
      await works()
      assert.equal(restarts[0], reason)
    })

  it('a file that has become another one is not taken on unasked', async () => {
    await folder.write(configuration.replace(`'all'`, `'some'`))
    const refused = new Promise<void>(resolve => {
      onTold = () => {
        if (/has changed since the cluster was started/.test(String(told.at(-1)?.cause))) resolve()
      }
    })
    const lost = assert.rejects(host.call(call('exits'), 60_000), { reason: 'crash' })
    await refused
    await assert.rejects(host.call(call('jane'), 20), { message: /did not come back within 20 ms/ })
    await folder.write(configuration)
    await lost
    assert.deepEqual(await host.call(call('jane'), longTime), { verdict: 'allow', reason: 'jane' })
  })

  it('calls are over with it', async () => {
    const pending = assert.rejects(host.call(call('hangs'), 60_000), { message: 'the cluster is stopping' })
    await host[Symbol.asyncDispose]()
    await pending
  })
})
