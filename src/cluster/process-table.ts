import { readdirSync, readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  endProcess,
  identifyProcess,
  isProcessIdentity,
  isRunning,
  type ProcessIdentity,
  readProcessStat,
  sameProcess,
} from '../machinery/process-identity.js'
import { writeFileAtomicallySync } from './atomic-file.js'
import { hasCode } from './operator-error.js'

/** What a supervisor writes down of one process, so that others can see it and a successor can find it. */
export interface ProcessRecord {
  readonly name: string
  readonly argv: readonly string[]
  /** What it was started from, see `specDigest`. */
  readonly digest: string
  readonly logFile: string
  /** Absent between two runs. */
  readonly identity?: ProcessIdentity | undefined
  /** When the current run began, in ms since the epoch. */
  readonly startedAt?: number | undefined
  readonly ready: boolean
  readonly restarts: number
  /** How the previous run ended, such as `code 1`. */
  readonly lastExit?: string | undefined
  /** How long it may take to end. */
  readonly graceMs: number
}

/** A record, and whether its process runs at this moment. */
export interface ProcessReport extends ProcessRecord {
  readonly running: boolean
}

const tablePath = (stateDir: string): string => join(stateDir, 'processes.json')

/** The lock that a supervisor holds as long as it lives. */
export const supervisorLock = (stateDir: string): string => join(stateDir, 'supervisor.lock')

/** In start order. */
export const writeTable = (stateDir: string, records: readonly ProcessRecord[]): void =>
  writeFileAtomicallySync(tablePath(stateDir), `${JSON.stringify({ processes: records }, undefined, 2)}\n`, 0o600)

export const removeTable = (stateDir: string): Promise<void> => rm(tablePath(stateDir), { force: true })

const isRecord = (value: unknown): value is ProcessRecord =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'digest' in value &&
  typeof value.digest === 'string' &&
  (!('identity' in value) || isProcessIdentity(value.identity))

/** What the supervisor of `stateDir` wrote last, in start order; nothing if the file is missing or unreadable. */
export const readTable = async (stateDir: string): Promise<ProcessRecord[]> => {
  try {
    const value: unknown = JSON.parse(await readFile(tablePath(stateDir), 'utf8'))
    const processes = typeof value === 'object' && value !== null && 'processes' in value ? value.processes : undefined
    return Array.isArray(processes) ? processes.filter(isRecord) : []
  } catch (error) {
    // A damaged file hides no process: those of this folder are also found by their environment.
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return []
    throw error
  }
}

/** The supervised processes of `stateDir` as they are now, in start order. */
export const listProcesses = async (stateDir: string): Promise<ProcessReport[]> =>
  (await readTable(stateDir)).map(record => {
    const running = record.identity !== undefined && isRunning(record.identity)
    return { ...record, running, ready: running && record.ready }
  })

/** The variable that marks the processes of a supervisor, whatever becomes of its file. */
export const SUPERVISED_BY = 'T8S_SUPERVISED_BY'

/** All session leaders marked as supervised for `stateDir`: what a supervisor started, without their own children. */
export const findMarked = (stateDir: string): ProcessIdentity[] => {
  const found: ProcessIdentity[] = []
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return found
  }
  for (const name of names) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${SUPERVISED_BY}=${stateDir}`)) continue
    } catch {
      continue
    }
    const identity = identifyProcess(pid)
    if (identity && readProcessStat(pid)?.session === pid) found.push(identity)
  }
  return found
}

/** What a killed supervisor left running: those it wrote down, in start order, and those it had no time to. */
export const findOrphans = async (
  stateDir: string,
): Promise<{ recorded: (ProcessRecord & { identity: ProcessIdentity })[]; strays: ProcessIdentity[] }> => {
  const recorded = (await readTable(stateDir)).flatMap(record =>
    record.identity && isRunning(record.identity) ? [{ ...record, identity: record.identity }] : [],
  )
  const strays = findMarked(stateDir).filter(
    identity => !recorded.some(record => sameProcess(record.identity, identity)),
  )
  return { recorded, strays }
}

/** Ends a supervised process and what is left of the group it led. */
export const endSupervised = async (identity: ProcessIdentity, graceMs: number): Promise<void> => {
  await endProcess(identity, { graceMs })
  sweepGroup(identity.pid)
}

/** Kills what is left of a process group whose leader has just ended. */
export const sweepGroup = (leader: number): void => {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH') && !hasCode(error, 'EPERM')) throw error
  }
}
