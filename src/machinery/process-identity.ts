import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { hasCode } from './system-error.js'

/**
 * Names one process for good. A pid alone is reused; together with its start time and the boot it belongs to it is not.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, as /proc says; empty where there is no /proc. */
  readonly startTime: string
  readonly bootId: string
}

interface ProcessStat {
  readonly state: string
  readonly startTime: string
  readonly session: number
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** What /proc/<pid>/stat says; undefined if the process is gone. */
export const readProcessStat = (pid: number): ProcessStat | undefined => {
  const line = read(`/proc/${pid}/stat`)
  if (!line) return undefined
  // The command stands in parentheses and may itself contain spaces and parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', session: Number(fields[3]), startTime: fields[19] ?? '' }
}

let currentBoot: string | undefined
const bootId = (): string => (currentBoot ??= read('/proc/sys/kernel/random/boot_id')?.trim() ?? '')

const hasProc = (): boolean => bootId() !== ''

const answersSignals = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

/** The identity of a running process; undefined if there is none with this pid. A zombie is not running. */
export const identifyProcess = (pid: number): ProcessIdentity | undefined => {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  if (!hasProc()) return answersSignals(pid) ? { pid, startTime: '', bootId: '' } : undefined
  const stat = readProcessStat(pid)
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined
  return { pid, startTime: stat.startTime, bootId: bootId() }
}

export const sameProcess = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId

/** Whether exactly this process still runs. */
export const isRunning = (identity: ProcessIdentity): boolean => {
  const current = identifyProcess(identity.pid)
  return current !== undefined && sameProcess(current, identity)
}

/** Sends a signal if exactly this process still runs; answers whether it did. Throws if it may not. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isRunning(identity)) return false
  try {
    process.kill(identity.pid, signal)
    return true
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
    throw error
  }
}

/** Whether `value`, read from a file, has the form of an identity. */
export const isProcessIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  Number.isInteger(value.pid) &&
  'startTime' in value &&
  typeof value.startTime === 'string' &&
  'bootId' in value &&
  typeof value.bootId === 'string'

/**
 * Resolves when the process, which need not be a child, has ended. Looks every `intervalMs`; without `ref` that does not
 * keep this process alive.
 */
export const processEnded = async (
  identity: ProcessIdentity,
  { intervalMs = 20, ref = true, signal }: { intervalMs?: number; ref?: boolean; signal?: AbortSignal } = {},
): Promise<void> => {
  while (isRunning(identity)) await setTimeout(intervalMs, undefined, { ref, ...(signal && { signal }) })
}

/**
 * Ends a process that need not be a child: SIGTERM, and SIGKILL if it still runs after `graceMs`. Resolves once it is
 * gone, with the signal that did it; undefined if it was not running. Throws if even SIGKILL does not end it.
 */
export const endProcess = async (
  identity: ProcessIdentity,
  { graceMs, stopSignal = 'SIGTERM' }: { graceMs: number; stopSignal?: NodeJS.Signals },
): Promise<NodeJS.Signals | undefined> => {
  if (!signalProcess(identity, stopSignal)) return undefined
  if (await endsWithin(identity, graceMs)) return stopSignal
  signalProcess(identity, 'SIGKILL')
  if (await endsWithin(identity, 30_000)) return 'SIGKILL'
  throw new Error(
    `process ${identity.pid} did not end within 30 s of SIGKILL: the kernel holds it, usually in an unanswered request to a disk or network file system; see /proc/${identity.pid}/stack`,
  )
}

const endsWithin = async (identity: ProcessIdentity, ms: number): Promise<boolean> => {
  try {
    await processEnded(identity, { signal: AbortSignal.timeout(Math.ceil(ms)) })
    return true
  } catch {
    return !isRunning(identity)
  }
}
