import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'

export interface RunOptions {
  /** Written to the program's standard input, which is empty otherwise. */
  readonly input?: string
  /** Kills the program when it aborts. */
  readonly signal?: AbortSignal
  /** Kills the program after so many milliseconds; 30 seconds by default. */
  readonly timeoutMs?: number
}

/** Runs a program and answers its standard output. Throws a `ProgramError` if it fails. */
export type RunProgram = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<string>

/** A program that could not be run (`code` is null), or ended with something else than 0. */
export class ProgramError extends Error {
  /** True if there is no such program on this machine. */
  get isMissing(): boolean {
    return (this.cause as { code?: unknown } | undefined)?.code === 'ENOENT'
  }

  constructor(
    argv: readonly string[],
    readonly code: number | null,
    /** What the program said of it. */
    readonly output: string,
    options?: ErrorOptions,
  ) {
    const said = output.trim().slice(0, 500)
    super(`${argv.join(' ')} failed${code === null ? '' : ` with ${code}`}${said ? `: ${said}` : ''}`, options)
  }
}

/** Waits for a program whose failure is no harm where it says `excuse`. */
export const excusing = (running: Promise<unknown>, excuse: RegExp): Promise<void> =>
  unless(running, error => excuse.test(error.output))

/** Waits for a program that takes something away: it is no harm if it says `absent`, or is not there itself. */
export const unlessAbsent = (running: Promise<unknown>, absent: RegExp): Promise<void> =>
  unless(running, error => error.isMissing || absent.test(error.output))

async function unless(running: Promise<unknown>, harmless: (error: ProgramError) => boolean): Promise<void> {
  try {
    await running
  } catch (error) {
    if (!(error instanceof ProgramError) || !harmless(error)) throw error
  }
}

/** Root's programs are not on everybody's PATH. */
const path = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)

/** Runs programs of this machine, without a shell, with messages in English. */
export const runProgram: RunProgram = ([program, ...args], { input = '', signal, timeoutMs = 30_000 } = {}) =>
  new Promise((resolve, reject) => {
    const argv = [program, ...args]
    const child = spawn(program, args, {
      stdio: 'pipe',
      env: { ...process.env, PATH: path, LC_ALL: 'C' },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal ? { signal } : {}),
    })
    const output: Buffer[] = []
    const complaints: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
    // A program that ends before it has read everything says why on standard error.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.once('error', error => reject(new ProgramError(argv, null, error.message, { cause: error })))
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve(Buffer.concat(output).toString())
      else
        reject(new ProgramError(argv, code, killedBy ? `killed by ${killedBy}` : Buffer.concat(complaints).toString()))
    })
  })
