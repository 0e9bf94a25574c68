import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import type { Probe } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import type { ProbeOutcome } from '../pod-actions.js'
import { RuntimeError } from '../runtime/runtime-error.js'
import { type CheckResult, failure, portNumber, success, unknown } from './check-result.js'
import { ContainerProber, type ProbeType } from './container-prober.js'
import { execCheck } from './exec-check.js'
import { grpcCheck } from './grpc-check.js'
import { httpCheck } from './http-check.js'
import { noTally, tally } from './probe-tally.js'
import { tcpCheck } from './tcp-check.js'

/** Of checks that end by themselves, in ms: busy machines are slow. */
const longTime = 60_000

describe('counting results', () => {
  const results: { readonly [letter: string]: CheckResult } = { s: success(), f: failure('no'), u: unknown('?') }
  const table: readonly (readonly [string, number, number, string | undefined])[] = [
    ['s', 1, 3, 'success'],
    ['ff', 1, 3, undefined],
    ['fff', 1, 3, 'failure'],
    ['ffsff', 1, 3, 'success'],
    ['sfufuf', 1, 3, 'failure'],
    ['ss', 3, 1, undefined],
    ['sss', 3, 1, 'success'],
    ['sssf', 3, 1, 'failure'],
    ['', 1, 1, undefined],
  ]
  for (const [letters, successThreshold, failureThreshold, want] of table)
    it(`${letters || 'nothing'} with ${successThreshold} and ${failureThreshold} is ${want}`, () => {
      const end = [...letters].reduce(
        (state, letter) => tally(state, results[letter] ?? success(), { successThreshold, failureThreshold }),
        noTally,
      )
      assert.equal(end.verdict, want)
    })
})

describe('a prober', () => {
  const begin = (
    probes: { readonly [type in ProbeType]?: Partial<Probe> },
    options: { readonly startedAgo?: number; readonly initial?: ProbeOutcome } = {},
  ) => {
    const clock = new ManualClock()
    const log: string[] = []
    let answer: CheckResult = success()
    const prober = new ContainerProber({
      probes: probes as { readonly [type in ProbeType]?: Probe },
      startedAt: clock.now() - (options.startedAgo ?? 0),
      initial: options.initial ?? {},
      spread: 0.5,
      clock,
      check: async type => {
        log.push(type)
        return answer
      },
      complain: type => log.push(`${type}!`),
      changed: () => log.push(JSON.stringify(prober.outcome)),
    })
    const step = async (seconds: number, next: CheckResult = answer) => {
      answer = next
      clock.advance(seconds * 1000)
      for (let i = 0; i < 10; i++) await Promise.resolve()
      return log.splice(0).join(' ')
    }
    return { prober, step }
  }

  it('waits, then checks in its period', async () => {
    const { step } = begin({ readiness: { initialDelaySeconds: 5, periodSeconds: 2 } })
    assert.equal(await step(4.9), '')
    assert.equal(await step(0.1), 'readiness {"readiness":"success"}')
    assert.equal(await step(1), '')
    assert.equal(await step(1, failure('no')), 'readiness readiness!')
    assert.equal(await step(2), 'readiness readiness!')
    assert.equal(await step(2), 'readiness readiness! {"readiness":"failure"}')
  })

  it('holds the others back until the container has started', async () => {
    const { step } = begin({ startup: { periodSeconds: 1 }, liveness: { periodSeconds: 1 }, readiness: {} })
    assert.equal(await step(0, failure('no')), 'startup startup!')
    assert.equal(await step(1, success()), 'startup {"startup":"success"}')
    assert.equal(
      await step(0),
      'liveness readiness {"startup":"success","liveness":"success"} {"startup":"success","liveness":"success","readiness":"success"}',
    )
  })

  it('stops once the container is to be killed', async () => {
    const { step } = begin({ liveness: { failureThreshold: 1, periodSeconds: 1 } })
    assert.equal(await step(0, failure('no')), 'liveness liveness! {"liveness":"failure"}')
    assert.equal(await step(5), '')
  })

  it('asks again at once when a check itself went wrong', async () => {
    const { step } = begin({ liveness: { periodSeconds: 1 } })
    assert.equal(await step(0, unknown('?')), 'liveness liveness liveness liveness!')
  })

  it('goes on where an earlier agent was, not all at once', async () => {
    const { step } = begin(
      { startup: {}, readiness: { periodSeconds: 10 } },
      { startedAgo: 100_000, initial: { startup: 'success', readiness: 'success' } },
    )
    assert.equal(await step(4.9), '')
    assert.equal(await step(0.1), 'readiness')
  })

  it('keeps asking whether it is ready while it ends', async () => {
    const { prober, step } = begin({ liveness: { periodSeconds: 1 }, readiness: { periodSeconds: 1 } })
    await step(0)
    prober.stopKilling()
    assert.equal(await step(1), 'readiness')
    prober[Symbol.dispose]()
    assert.equal(await step(9), '')
  })
})

describe('checks over HTTP', () => {
  let server: Server
  let port = 0
  before(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://x')
      if (pathname === '/hang') return
      const [, status = '200', location] = pathname.split('/')
      if (location) response.setHeader('Location', decodeURIComponent(location))
      response.statusCode = Number(status) || 200
      response.end(`${request.headers['user-agent']} ${request.headers.host} ${request.headers['x-a']}`)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const check = (path: string, rest = {}, timeout = longTime) =>
    httpCheck(
      { path, port: 'web', ...rest },
      { host: '127.0.0.1', ports: new Map([['web', port]]) },
      { timeout, userAgent: 'probe' },
    )

  const table: readonly (readonly [string, 'success' | 'failure', RegExp])[] = [
    ['/200', 'success', /^probe 127.0.0.1:\d+ undefined$/],
    ['/204', 'success', /^$/],
    ['/399', 'success', /./],
    ['/400', 'failure', /^HTTP probe failed with statuscode: 400$/],
    ['/500', 'failure', /^HTTP probe failed with statuscode: 500$/],
    ['/302/%2F200', 'success', /^probe/],
    ['/302/%2F500', 'failure', /statuscode: 500/],
    ['/302/http:%2F%2Felsewhere.invalid', 'success', /^Probe terminated redirects/],
  ]
  for (const [path, outcome, output] of table)
    it(`${path} is a ${outcome}`, async () => {
      const result = await check(path)
      assert.equal(result.outcome, outcome)
      assert.equal(result.isWarning ?? false, path.includes('elsewhere'))
      assert.match(result.output, output)
    })
  it('sends headers', async () => {
    const httpHeaders = [
      { name: 'Host', value: 'me' },
      { name: 'X-A', value: '1' },
      { name: 'X-A', value: '2' },
    ]
    assert.equal((await check('/200', { httpHeaders })).output, 'probe me 1, 2')
  })
  it('gives up in time', async () => {
    assert.match((await check('/hang', {}, 50)).output, /context deadline exceeded/)
  })
  it('says why there is no connection', async () => {
    // Nobody is given it, as one might be that was free a moment ago.
    const unused = 1
    const refused = `dial tcp 127.0.0.1:${unused}: connect: connection refused`
    assert.equal((await check('/', { port: unused })).output, `Get "http://127.0.0.1:${unused}/": ${refused}`)
    assert.deepEqual(await tcpCheck('127.0.0.1', unused, longTime), failure(refused))
    assert.match(
      (await grpcCheck('127.0.0.1', unused, '', { timeout: longTime, userAgent: 'x' })).output,
      /failed to connect service/,
    )
  })
  it('and TCP', async () => assert.deepEqual(await tcpCheck('127.0.0.1', port, longTime), success()))
  it('finds ports by name', () => {
    const ports = new Map([['web', 80]])
    assert.equal(portNumber('web', ports), 80)
    assert.equal(portNumber(81, ports), 81)
    assert.equal(portNumber('82', ports), 82)
    assert.throws(() => portNumber('no', ports), /couldn't find port: no/)
  })
})

it('checks with gRPC', async () => {
  const server = new GrpcServer()
  const path = '/grpc.health.v1.Health/Check'
  const bytes = (value: Buffer) => value
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  }
  server.addService(
    { check: method },
    {
      check: (call: { request: Buffer }, callback: (error: null, answer: Buffer) => void) =>
        callback(null, Buffer.from([8, call.request.length ? 2 : 1])),
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  try {
    const options = { timeout: longTime, userAgent: 'x' }
    assert.equal((await grpcCheck('127.0.0.1', port, '', options)).outcome, 'success')
    assert.deepEqual(
      await grpcCheck('127.0.0.1', port, 'sick', options),
      failure('service unhealthy (responded with "NOT_SERVING")'),
    )
  } finally {
    server.forceShutdown()
  }
})

it('checks with commands', async () => {
  const answer = (exitCode: number) => ({
    execSync: async () => ({ exitCode, stdout: Buffer.from('out'), stderr: Buffer.from('err') }),
  })
  assert.deepEqual(await execCheck(answer(0) as never, 'c', ['x'], 1000), success('outerr'))
  assert.deepEqual(await execCheck(answer(1) as never, 'c', ['x'], 1000), failure('outerr'))
  const broken = (error: Error) => ({ execSync: () => Promise.reject(error) })
  const late = await execCheck(broken(new RuntimeError('DeadlineExceeded', 'x')) as never, 'c', ['sleep', '9'], 1000)
  assert.deepEqual(late, failure('command timed out: "sleep 9" timed out after 1s'))
  assert.equal((await execCheck(broken(new Error('x')) as never, 'c', [], 1000)).outcome, 'unknown')
})
