import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { identifyProcess, isRunning, processEnded } from '../machinery/process-identity.js'

const remover = new URL('./remove-test-remains.js', import.meta.url)
/** A test that has started a process which would outlive it, and says so. */
const program = `
  import { spawn } from 'node:child_process'
  import { writeFileSync } from 'node:fs'
  const { testFolder } = await import(${JSON.stringify(new URL('../machinery/test-folder.js', import.meta.url).href)})
  const folder = testFolder()
  writeFileSync(folder + '/file', '')
  const { pid } = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  console.log(JSON.stringify({ folder, pid }))
  setInterval(() => {}, 1 << 30)
`

describe('what a test has made', { skip: process.platform !== 'linux' }, () => {
  /** Tells of a test that runs in a temporary folder of its own, where no others are looked for. */
  const during = async (
    act: (test: {
      readonly child: ChildProcess
      readonly there: () => { readonly folder: boolean; readonly process: boolean }
      readonly processEnd: () => Promise<void>
      readonly clear: () => void
    }) => Promise<void>,
  ): Promise<void> => {
    const above = mkdtempSync(join(tmpdir(), 't8s-remains-'))
    const env = { ...process.env, TMPDIR: above }
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [said] = await once(child.stdout, 'data')
      const { folder, pid } = JSON.parse(String(said)) as { folder: string; pid: number }
      const started = identifyProcess(pid)
      assert.ok(started)
      const there = () => ({ folder: existsSync(folder), process: isRunning(started) })
      const clear = () => {
        const { status } = spawnSync(process.execPath, [remover.pathname], { env, stdio: 'inherit' })
        assert.equal(status, 0)
      }
      assert.deepEqual(there(), { folder: true, process: true })
      await act({ child, there, processEnd: () => processEnded(started), clear })
      assert.deepEqual(there(), { folder: false, process: false })
      assert.deepEqual(readdirSync(above), [])
    } finally {
      child.kill('SIGKILL')
      rmSync(above, { recursive: true, force: true })
    }
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`is gone when it is ended by ${signal}`, () =>
      during(async ({ child, processEnd }) => {
        child.kill(signal)
        await once(child, 'exit')
        await processEnd()
      }))

  it('stays while it runs, and is removed by the next one when it was killed', () =>
    during(async ({ child, there, clear }) => {
      clear()
      assert.deepEqual(there(), { folder: true, process: true })
      child.kill('SIGKILL')
      await once(child, 'exit')
      assert.deepEqual(there(), { folder: true, process: true })
      clear()
    }))
})
