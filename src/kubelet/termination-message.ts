import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, sleep } from '../machinery/clock.js'
import type { ContainerMarks, Owner } from './container/labels.js'
import { parseLogLine } from './logs/log-line.js'
import type { ContainerStatus } from './runtime/cri-messages.js'

/** What is kept of a message, in bytes, and of a log that stands in for it. */
const longestMessage = 4096
const longestLogTail = { bytes: 2048, lines: 80 }
/**
 * A runtime says that a container has ended when it has taken in all its output, and may still be writing that to the log:
 * what has not changed for so many ms is all, and nothing that is there by then comes any more.
 */
const logSettles = { unchangedMs: 50, emptyMs: 500 }

/** The file on the host in which a container leaves its last words. */
export const messageFile = (podsFolder: string, uid: string, container: string, restartCount: number): string =>
  join(podsFolder, uid, 'containers', container, String(restartCount))

/** Reads containers' last words. */
export interface TerminationMessages {
  /** Never throws: a message that cannot be read says so. */
  read(owner: Owner, status: ContainerStatus, marks: ContainerMarks): Promise<string>
}

/**
 * Last words are what a container wrote to its message file, or, where it asks for that and failed, the end of its log
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
 */
export const terminationMessages = (podsFolder: string, clock: Clock): TerminationMessages => ({
  async read(owner, status, marks) {
    const fromRuntime = status.message ?? ''
    if (!marks.terminationMessagePath) return fromRuntime
    const file = messageFile(podsFolder, owner.uid, marks.name, marks.restartCount)
    let text = await tail(file, longestMessage)
    if (!text && marks.terminationMessagePolicy === 'FallbackToLogsOnError' && status.exitCode !== 0 && status.logPath)
      text = await settledLines(status.logPath, clock)
    return [fromRuntime, text].filter(Boolean).join(': ')
  },
})

/** The last bytes of a file; empty if there is none. */
async function tail(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, bytes))
    await file.read(buffer, 0, buffer.length, Math.max(0, size - bytes))
    return buffer.toString('utf8')
  } catch {
    return ''
  }
}

async function settledLines(path: string, clock: Clock): Promise<string> {
  let text = await lastLines(path)
  for (let waited = 0; waited < logSettles.emptyMs; waited += logSettles.unchangedMs) {
    await sleep(clock, logSettles.unchangedMs)
    const before = text
    text = await lastLines(path)
    if (text && text === before) break
  }
  return text
}

async function lastLines(path: string): Promise<string> {
  // A line of the log is longer than what the container wrote, by its time and stream.
  const text = await tail(path, longestLogTail.bytes + longestLogTail.lines * 50)
  const lines = text.split('\n').slice(-longestLogTail.lines - 1)
  const content = lines.map(line => {
    const parsed = parseLogLine(line)
    return parsed ? parsed.content + (parsed.partial ? '' : '\n') : ''
  })
  return Buffer.from(content.join('')).subarray(-longestLogTail.bytes).toString('utf8')
}
