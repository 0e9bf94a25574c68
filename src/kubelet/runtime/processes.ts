import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** A process beyond doubt: pids are used again, but not with the same start time and boot. */
export interface ProcessIdentity {
  readonly pid: number
  /** Ticks since boot. */
  readonly startTime: string
  readonly bootId: string
}

/** The identity of the process that has this pid now; undefined if there is none, or only a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ])
    // The second field, the name in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    return startTime === undefined || state === 'Z' ? undefined : { pid, startTime, bootId: bootId.trim() }
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  const now = await identify(process.pid)
  return now?.startTime === process.startTime && now.bootId === process.bootId
}

/** Sends SIGTERM, after `grace` milliseconds SIGKILL, and resolves when the process is gone. */
export async function terminate(target: ProcessIdentity, grace = 10_000): Promise<void> {
  for (const [signal, patience] of [
    ['SIGTERM', grace],
    ['SIGKILL', 5000],
  ] as const) {
    if (!(await isAlive(target))) return
    sendSignal(target.pid, signal)
    for (const end = Date.now() + patience; Date.now() < end; await pause(10)) {
      if (!(await isAlive(target))) return
    }
  }
  throw new Error(`process ${target.pid} does not end`)
}

/** Sends a signal; a process that is gone is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** All processes whose command line passes the test. */
export async function findProcesses(matches: (argv: readonly string[]) => boolean): Promise<ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async pid => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return matches(text.split('\0').slice(0, -1)) ? identify(pid) : undefined
    }),
  )
  return found.filter(process => process !== undefined)
}
