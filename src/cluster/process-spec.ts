import { createHash } from 'node:crypto'
import { OperatorError } from './operator-error.js'

/** A process to be kept running. */
export interface ProcessSpec {
  /** Unique among its siblings; names the log file. */
  readonly name: string
  /** The program and its arguments; no shell looks at them. */
  readonly argv: readonly [string, ...string[]]
  /** Added to this process's environment. */
  readonly env?: { readonly [name: string]: string }
  readonly cwd?: string
  /**
   * What becomes of it if its supervisor is killed and a new one finds it: `replace` starts it anew, `adopt` lets it run
   * if it was started the same way.
   */
  readonly orphan?: 'replace' | 'adopt'
  /**
   * Resolves once the process does its work; asked again shortly after it rejects. The next process is started then.
   * The signal aborts when the process ends. Without it, a process that was started is ready.
   */
  readonly ready?: (signal: AbortSignal) => Promise<void>
  /** When waiting for readiness counts as trouble. 60 s unless told. */
  readonly readyTimeoutMs?: number
  readonly stopSignal?: NodeJS.Signals
  /** How long it may take to end before it is killed. 10 s unless told. */
  readonly graceMs?: number
}

export const DEFAULT_GRACE = 10_000
export const DEFAULT_READY_TIMEOUT = 60_000

/** What decides whether a running process is what the specification asks for. */
export const specDigest = ({ argv, env = {}, cwd = '' }: ProcessSpec): string =>
  createHash('sha256')
    .update(JSON.stringify([argv, Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)), cwd]))
    .digest('hex')

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Throws if specifications cannot stand beside each other. */
export const checkSpecs = (specs: readonly ProcessSpec[]): void => {
  const seen = new Set<string>()
  for (const { name } of specs) {
    if (!NAME.test(name) || seen.has(name))
      throw new OperatorError(
        `${JSON.stringify(name)} cannot name a process: ${seen.has(name) ? 'there is another one' : 'it names a file'}`,
        'Use letters, digits, dots and dashes, and a name of its own for each process.',
      )
    seen.add(name)
  }
}
