import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import {
  endProcess,
  identifyProcess,
  isProcessIdentity,
  isRunning,
  processEnded,
  readProcessStat,
  sameProcess,
  signalProcess,
} from './process-identity.js'

const start = (script: string) => {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const identity = identifyProcess(child.pid ?? 0)
  assert.ok(identity)
  return { child, identity, up: once(child.stdout, 'data'), exited: once(child, 'exit') }
}

const SLEEP = 'setInterval(() => {}, 1000); console.log("up")'
const STUBBORN = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")'

describe('process identity', () => {
  test('of this process', () => {
    const self = identifyProcess(process.pid)
    assert.ok(self)
    assert.ok(isRunning(self))
    assert.ok(isProcessIdentity(JSON.parse(JSON.stringify(self))))
    assert.equal(readProcessStat(process.pid)?.state, 'R')
  })

  for (const [what, change] of [
    ['another start time', { startTime: '1' }],
    ['another boot', { bootId: 'x' }],
  ] as const)
    test(`${what} is another process`, () => {
      const self = identifyProcess(process.pid)
      assert.ok(self)
      const other = { ...self, ...change }
      assert.ok(!sameProcess(self, other))
      assert.ok(!isRunning(other))
      assert.equal(signalProcess(other, 'SIGKILL'), false)
    })

  for (const pid of [0, -1, 1.5, 2 ** 30])
    test(`no process ${pid}`, () => assert.equal(identifyProcess(pid), undefined))

  for (const value of [undefined, null, 3, {}, { pid: '1', startTime: '', bootId: '' }, { pid: 1 }])
    test(`${JSON.stringify(value)} is no identity`, () => assert.ok(!isProcessIdentity(value)))

  test('a process with a strange name', async () => {
    const { child, up, exited } = start(`process.title = 'a) Z (b'; ${SLEEP}`)
    await up
    assert.notEqual(readProcessStat(child.pid ?? 0)?.state, 'Z')
    child.kill('SIGKILL')
    await exited
  })

  test('ending by SIGTERM', async () => {
    const { identity, up, exited } = start(SLEEP)
    await up
    assert.equal(await endProcess(identity, { graceMs: 10_000 }), 'SIGTERM')
    assert.deepEqual(await exited, [null, 'SIGTERM'])
    assert.equal(await endProcess(identity, { graceMs: 10_000 }), undefined)
    await processEnded(identity)
  })

  test('ending by SIGKILL what does not listen', async () => {
    const { identity, up, exited } = start(STUBBORN)
    await up
    assert.equal(await endProcess(identity, { graceMs: 50 }), 'SIGKILL')
    assert.deepEqual(await exited, [null, 'SIGKILL'])
  })
})
