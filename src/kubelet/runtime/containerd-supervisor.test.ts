import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import type { Containerd, ContainerdOptions } from './containerd.js'
import { superviseContainerd } from './containerd-supervisor.js'

const options: ContainerdOptions = { root: '/r', state: '/s', sandboxImage: 'p', cniConfDir: '/c' }
/** Lets everything that is ready to go on do so. */
const settle = () => new Promise(resolve => setImmediate(resolve))

class Daemon implements Containerd {
  readonly socket = '/s/containerd.sock'
  readonly version = { major: 2, minor: 1, patch: 0 }
  readonly snapshotter = 'overlayfs'
  readonly ctr = 'ctr'
  readonly adopted = false
  readonly pid: number
  readonly ready: Promise<void>
  readonly exited: Promise<void>
  end: () => void = () => {}
  disposed = false

  constructor(pid: number, failure?: Error) {
    this.pid = pid
    this.ready = failure ? Promise.reject(failure) : Promise.resolve()
    this.exited = new Promise(resolve => {
      this.end = resolve
    })
  }

  async [Symbol.asyncDispose]() {
    this.disposed = true
    this.end()
  }
}

test('starts containerd again, at growing intervals while that fails', async () => {
  const clock = new ManualClock()
  const daemons: Daemon[] = []
  const troubles: string[] = []
  let broken = false
  const supervised = await superviseContainerd(options, {
    clock,
    start: async () => {
      const daemon = new Daemon(daemons.length, broken ? new Error('broken') : undefined)
      daemons.push(daemon)
      return daemon
    },
    onTrouble: message => troubles.push(message),
  })
  assert.equal(supervised.current.pid, 0)
  broken = true
  daemons[0]?.end()
  await settle()
  assert.equal(daemons.length, 1)
  for (const [wait, attempts] of [
    [100, 2],
    [100, 2],
    [100, 3],
    [400, 4],
  ] as const) {
    clock.advance(wait)
    await settle()
    assert.equal(daemons.length, attempts)
  }
  assert.ok(daemons.slice(1).every(({ disposed }) => disposed))
  broken = false
  clock.advance(800)
  await settle()
  assert.equal(supervised.current.pid, 4)
  assert.equal(troubles.length, 4)

  clock.advance(20_000)
  daemons[4]?.end()
  await settle()
  clock.advance(100)
  await settle()
  assert.equal(supervised.current.pid, 5)

  await supervised[Symbol.asyncDispose]()
  assert.ok(daemons[5]?.disposed)
  clock.advance(60_000)
  await settle()
  assert.equal(daemons.length, 6)
})

test('stops while waiting to start again', async () => {
  const clock = new ManualClock()
  const daemons: Daemon[] = []
  const supervised = await superviseContainerd(options, {
    clock,
    start: async () => {
      const daemon = new Daemon(daemons.length)
      daemons.push(daemon)
      return daemon
    },
  })
  daemons[0]?.end()
  await settle()
  await supervised[Symbol.asyncDispose]()
  clock.advance(60_000)
  await settle()
  assert.equal(daemons.length, 1)
})

test('throws if the first start fails', async () => {
  const daemon = new Daemon(1, new Error('broken'))
  await assert.rejects(superviseContainerd(options, { start: async () => daemon }), /broken/)
  assert.ok(daemon.disposed)
})
