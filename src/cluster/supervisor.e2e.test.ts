import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { removeCgroup } from '../kubelet/runtime/cgroups.js'
import { testCgroup, testFolder } from '../machinery/test-folder.js'
import { missingPackages } from './packages.js'
import { acceptsConnections } from './readiness.js'
import type { ProcessEvent } from './supervised-process.js'
import { supervise } from './supervisor.js'

const run = promisify(execFile)
const skip = process.getuid?.() !== 0 || missingPackages().length > 0

test('containers survive the end of their containerd', { skip, timeout: 60_000 }, async () => {
  const folder = testFolder()
  const socket = join(folder, 's')
  // Also the name of its cgroups' parent, which nobody removes but us.
  const id = testCgroup(folder).slice(1)
  const config = join(folder, 'containerd.toml')
  const rootfs = join(folder, 'rootfs')
  await mkdir(join(rootfs, 'bin'), { recursive: true })
  await copyFile('/bin/busybox', join(rootfs, 'bin/busybox'))
  await writeFile(
    config,
    `version = 2\nroot = "${folder}/root"\nstate = "${folder}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${socket}"\n`,
  )
  const ctr = async (...args: string[]) => (await run('ctr', ['--address', socket, '--namespace', id, ...args])).stdout
  const events: ProcessEvent[] = []
  const readyTimes = () => events.filter(({ type }) => type === 'ready').length
  try {
    await using supervision = await supervise(
      [
        {
          name: 'containerd',
          argv: ['containerd', '--config', config],
          ready: signal => acceptsConnections({ path: socket }, signal),
        },
      ],
      { stateDir: join(folder, 'supervisor'), logDir: join(folder, 'log'), onEvent: event => events.push(event) },
    )
    await supervision.ready
    await ctr(
      'run',
      '--detach',
      '--runc-root',
      join(folder, 'runc'),
      '--rootfs',
      rootfs,
      id,
      '/bin/busybox',
      'sleep',
      '1000',
    )
    try {
      const before = await ctr('task', 'list')
      assert.match(before, /RUNNING/)
      process.kill(supervision.processes()[0]?.identity?.pid ?? 0, 'SIGKILL')
      while (readyTimes() < 2) await setTimeout(10)
      assert.equal(await ctr('task', 'list'), before)
    } finally {
      await ctr('task', 'kill', '--signal', 'SIGKILL', id).catch(() => {})
      await ctr('task', 'delete', '--force', id).catch(() => {})
      await ctr('container', 'delete', id).catch(() => {})
    }
  } finally {
    await removeCgroup(testCgroup(folder))
    await rm(folder, { recursive: true, force: true })
  }
})
