import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isRunning, readProcessStat } from '../machinery/process-identity.js'
import { findDaemon, startDaemon, stopDaemon, terminationSignal } from './daemon.js'
import { tailLog } from './log-file.js'
import { acceptsConnections, answersHttp } from './readiness.js'

describe('daemon', () => {
  let folder: string
  let stateDir: string
  let logFile: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-daemon-'))
    stateDir = join(folder, 'state')
    logFile = join(folder, 'log/daemon.log')
  })
  afterEach(async () => {
    await stopDaemon(stateDir)
    await rm(folder, { recursive: true })
  })
  const shell = (script: string) => ['/bin/sh', '-c', script] as const

  test('starts, is found, is not started twice, stops', async () => {
    const ready = async () => assert.deepEqual(await tailLog(logFile), ['up b'])
    const options = { stateDir, logFile, env: { A: 'b' }, ready }
    const [one, other] = await Promise.all([1, 2].map(() => startDaemon(shell('echo up $A; exec sleep 1000'), options)))
    assert.deepEqual(one?.identity, other?.identity)
    assert.notEqual(one?.alreadyRunning, other?.alreadyRunning)
    assert.deepEqual(await findDaemon(stateDir), one?.identity)
    assert.equal(readProcessStat(one?.identity.pid ?? 0)?.session, one?.identity.pid)
    assert.equal(await stopDaemon(stateDir), 'SIGTERM')
    assert.equal(await findDaemon(stateDir), undefined)
    assert.ok(one && !isRunning(one.identity))
    assert.equal(await stopDaemon(stateDir), undefined)
  })

  test('that ends at once is told with its words', async () => {
    const ready = () => new Promise<void>(() => {})
    await assert.rejects(startDaemon(shell('echo before; exit 1'), { stateDir, logFile, ready }), /before$/)
    await assert.rejects(startDaemon(shell('echo broken; exit 4'), { stateDir, logFile, ready }), {
      name: 'OperatorError',
      message: 'daemon ended before it was ready, with code 4; it wrote:\nbroken',
      remedy: `See ${logFile} for all of it.`,
    })
    await assert.rejects(startDaemon(['/nonexistent/x'], { stateDir, logFile, ready }), /cannot be started: .*ENOENT/)
    assert.equal(await findDaemon(stateDir), undefined)
  })

  for (const [what, ready, why] of [
    ['not ready', () => Promise.reject(new Error('still cold')), /not ready after 0.05 s: still cold/],
    ['silent', () => new Promise<void>(() => {}), /not ready after 0.05 s: no answer/],
  ] as const)
    test(`that is ${what} in time is ended`, async () => {
      let pid = 0
      await assert.rejects(
        startDaemon(['sleep', '1000'], {
          stateDir,
          logFile,
          readyTimeoutMs: 50,
          ready: async () => {
            pid = (await findDaemon(stateDir))?.pid ?? 0
            return ready()
          },
        }),
        why,
      )
      assert.ok(pid > 0)
      assert.equal(readProcessStat(pid), undefined)
    })

  test('waiting for it ends with the signal, and so does it', async () => {
    const abort = new AbortController()
    const ready = async () => abort.abort()
    const waiting = startDaemon(['sleep', '1000'], {
      stateDir,
      logFile,
      signal: abort.signal,
      ready: () => ready().then(() => new Promise<void>(() => {})),
    })
    await assert.rejects(waiting, { name: 'AbortError' })
    assert.equal(await findDaemon(stateDir), undefined)
  })

  test('a damaged identity is none', async () => {
    const { identity } = await startDaemon(['sleep', '1000'], { stateDir, logFile })
    await writeFile(join(stateDir, 'daemon.json'), '{')
    process.kill(identity.pid, 'SIGKILL')
    assert.equal(await findDaemon(stateDir), undefined)
  })

  test('the signal to end', () => {
    using termination = terminationSignal()
    const before = process.listenerCount('SIGTERM')
    process.emit('SIGTERM', 'SIGTERM')
    assert.ok(termination.signal.aborted)
    assert.match(termination.signal.reason.message, /SIGTERM/)
    assert.equal(process.listenerCount('SIGTERM'), before - 1)
  })
})

describe('readiness', () => {
  test('of a socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 't8s-ready-'))
    const path = join(folder, 's')
    await assert.rejects(acceptsConnections({ path }), { code: 'ENOENT' })
    const server = createServer(socket => socket.end())
    await new Promise<void>(resolve => server.listen(path, resolve))
    await acceptsConnections({ path })
    await new Promise(resolve => server.close(resolve))
    await rm(folder, { recursive: true })
  })

  test('over HTTP', async () => {
    const folder = await mkdtemp(join(tmpdir(), 't8s-ready-'))
    const socketPath = join(folder, 's')
    const server = createHttpServer((request, response) => {
      response.statusCode = request.url === '/readyz' ? 200 : 500
      response.end('etcd failed\n')
    })
    await new Promise<void>(resolve => server.listen(socketPath, resolve))
    await answersHttp({ url: 'http://localhost/readyz', socketPath })
    await assert.rejects(answersHttp({ url: 'http://localhost/livez', socketPath }), {
      message: 'http://localhost/livez answers 500: etcd failed',
    })
    await new Promise(resolve => server.close(resolve))
    await assert.rejects(answersHttp({ url: 'http://localhost/readyz', socketPath }), { code: 'ENOENT' })
    await rm(folder, { recursive: true })
  })
})
