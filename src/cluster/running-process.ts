import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { messageOf } from '../machinery/message-of.js'
import { identifyProcess, type ProcessIdentity, processEnded, signalProcess } from '../machinery/process-identity.js'
import { openLog } from './log-file.js'
import type { ProcessSpec } from './process-spec.js'
import { SUPERVISED_BY, sweepGroup } from './process-table.js'

/** One run of a process: a child of ours, or one left over by a predecessor. */
export interface RunningProcess {
  readonly pid: number | undefined
  readonly identity: ProcessIdentity | undefined
  /** Resolves when it has ended, with how: `code 1`, `SIGKILL`, or why it could not be started. Never rejects. */
  readonly ended: Promise<string>
  signal(signal: NodeJS.Signals): void
}

/** Starts a process in a session of its own, so that a terminal's Ctrl-C does not reach it before its turn. */
export const startProcess = ({ argv, env, cwd }: ProcessSpec, logFile: string, stateDir: string): RunningProcess => {
  const [program, ...args] = argv
  let log: number | undefined
  try {
    log = openLog(logFile)
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env, [SUPERVISED_BY]: stateDir },
      stdio: ['ignore', log, log],
      detached: true,
    })
    const { pid } = child
    const ended = new Promise<string>(resolve => {
      child.once('error', error => {
        // Once it runs, errors are only about signals that could not be sent.
        if (pid === undefined) resolve(`it cannot be started: ${error.message}`)
      })
      child.once('exit', (code, signal) => {
        if (pid !== undefined) sweepGroup(pid)
        resolve(signal ?? `code ${code}`)
      })
    })
    return {
      pid,
      identity: pid === undefined ? undefined : identifyProcess(pid),
      ended,
      signal: name => child.kill(name),
    }
  } catch (error) {
    const why = `it cannot be started: ${messageOf(error)}`
    return { pid: undefined, identity: undefined, ended: Promise.resolve(why), signal: () => {} }
  } finally {
    if (log !== undefined) closeSync(log)
  }
}

/** Takes over a process that a predecessor started. It is watched by looking, as only a parent is told. */
export const adoptProcess = (identity: ProcessIdentity): RunningProcess => ({
  pid: identity.pid,
  identity,
  ended: processEnded(identity, { intervalMs: 200 }).then(() => {
    sweepGroup(identity.pid)
    return 'an unknown status, as its parent was another'
  }),
  signal: name => {
    signalProcess(identity, name)
  },
})
