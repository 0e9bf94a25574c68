import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Clock } from '../machinery/clock.js'
import { readMarks } from './container/labels.js'
import type { ContainerStatus } from './runtime/cri-messages.js'
import { messageFile, terminationMessages } from './termination-message.js'

const owner = { uid: 'u', namespace: 'default', name: 'p' }
const line = (text: string) => `2026-01-01T00:00:00.000000001Z stderr F ${text}\n`

interface Case {
  readonly title: string
  readonly file?: string
  /** What is in the log at first, and what the runtime adds in each pause. */
  readonly log?: readonly string[]
  readonly exitCode?: number
  readonly policy?: string
  readonly fromRuntime?: string
  readonly message: string
  /** How often it waited for the log. */
  readonly pauses: number
}

const cases: readonly Case[] = [
  { title: 'what it wrote for that', file: 'bye', log: [line('log')], message: 'bye', pauses: 0 },
  { title: 'its log, where it wrote nothing', log: [line('a'), line('b')], message: 'a\nb\n', pauses: 2 },
  { title: 'a log that is there', log: [line('a')], message: 'a\n', pauses: 1 },
  { title: 'a log that comes late', log: ['', '', line('late'), ''], message: 'late\n', pauses: 3 },
  { title: 'nothing, if nothing comes', message: '', pauses: 10 },
  { title: 'no log if it did not fail', log: [line('a')], exitCode: 0, message: '', pauses: 0 },
  { title: 'no log if it does not want that', log: [line('a')], policy: 'File', message: '', pauses: 0 },
  { title: 'what the runtime says before', file: 'bye', fromRuntime: 'oh', message: 'oh: bye', pauses: 0 },
]

describe('the last words of a container are', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-words-'))
  })
  after(() => rm(folder, { recursive: true }))

  for (const [at, each] of cases.entries())
    it(each.title, async () => {
      const { file, log = [], exitCode = 1, policy = 'FallbackToLogsOnError', fromRuntime } = each
      const logPath = join(folder, `${at}.log`)
      if (log[0] !== undefined) await writeFile(logPath, log[0])
      const words = messageFile(folder, owner.uid, 'c', at)
      await mkdir(dirname(words), { recursive: true })
      if (file !== undefined) await writeFile(words, file)
      let pauses = 0
      const clock: Clock = {
        now: () => 0,
        after(_ms, action) {
          appendFileSync(logPath, log[++pauses] ?? '')
          const soon = setImmediate(action)
          return { [Symbol.dispose]: () => clearImmediate(soon) }
        },
      }
      const marks = {
        ...readMarks(),
        name: 'c',
        restartCount: at,
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: policy,
      }
      const status = { exitCode, logPath, message: fromRuntime } as ContainerStatus
      assert.equal(await terminationMessages(folder, clock).read(owner, status, marks), each.message)
      assert.equal(pauses, each.pauses)
    })
})
