import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { hasCode, OperatorError } from './operator-error.js'
import { findProgram } from './packages.js'

/** Runs a program, hands on its output line by line, and answers its exit code and its last lines. */
export type RunProgram = (
  argv: readonly [string, ...string[]],
  onLine: (line: string) => void,
  signal: AbortSignal | undefined,
) => Promise<{ readonly code: number | null; readonly lines: readonly string[] }>

export interface InstallOptions {
  /** Called with each line that apt writes, and with notes on what goes on. */
  readonly onOutput?: (line: string) => void
  readonly signal?: AbortSignal
  /** How long to wait for another package installation to end, in ms. */
  readonly lockTimeoutMs?: number
  /** The parts that touch the machine, for tests. */
  readonly machine?: Partial<Machine>
}

export interface Machine {
  readonly isRoot: boolean
  readonly aptGet: string | undefined
  readonly run: RunProgram
  /** When apt's package lists were last fetched, in ms since the epoch; undefined if there are none. */
  readonly listsFetched: () => Promise<number | undefined>
  readonly now: () => number
  readonly pause: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

const MAX_LIST_AGE = 7 * 24 * 3_600_000
const LOCK_RETRY = 2_000

/**
 * Installs Debian packages with apt-get, without recommended ones and without questions. Fetches the package lists
 * first if there are none, if they are older than a week, or if apt does not find a package with those there are. Waits
 * for another installation to end. Throws an `OperatorError` that says what failed and what to do.
 */
export const installPackages = async (packages: readonly string[], options: InstallOptions = {}): Promise<void> => {
  if (packages.length === 0) return
  const { onOutput = () => {}, signal, lockTimeoutMs = 300_000 } = options
  const machine: Machine = { ...thisMachine(), ...options.machine }
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`
  if (!machine.aptGet)
    throw new OperatorError(
      'this system has no apt-get, so packages cannot be installed for you',
      `Install what Debian calls ${packages.join(', ')} with your system's own package tool, then run the command again with --no-install.`,
    )
  if (!machine.isRoot)
    throw new OperatorError(
      `installing ${packages.join(', ')} takes root`,
      `Run the command as root, or run: sudo ${command}`,
    )
  const apt: Apt = { machine, program: machine.aptGet, onOutput, signal, lockTimeoutMs }

  if (packages.includes('containerd'))
    onOutput(
      "Debian's containerd package brings a service that may start now; it is left alone: " +
        'Typernetes runs a containerd of its own, with its own data and socket.',
    )
  const fetched = await machine.listsFetched()
  let fresh = fetched === undefined || machine.now() - fetched > MAX_LIST_AGE
  if (fresh) await update(apt)
  for (;;) {
    const lines = await runApt(apt, ['install', '--yes', '--no-install-recommends', ...packages])
    if (!lines) return
    if (fresh || !isOutdated(lines)) throw installError(lines, packages, command)
    onOutput('The package lists are out of date.')
    await update(apt)
    fresh = true
  }
}

interface Apt {
  readonly machine: Machine
  readonly program: string
  readonly onOutput: (line: string) => void
  readonly signal: AbortSignal | undefined
  readonly lockTimeoutMs: number
}

const update = async (apt: Apt): Promise<void> => {
  const lines = await runApt(apt, ['update'])
  // Sources that do not answer matter only if a package is then not found; apt says "W:" and succeeds in most cases.
  if (lines) throw failure('apt-get update failed', lines, 'Correct /etc/apt/sources.list, then run `apt-get update`.')
}

/** Runs apt-get, again and again while another holds its locks. Answers the output of a failure. */
const runApt = async (apt: Apt, args: readonly string[]): Promise<readonly string[] | undefined> => {
  const { machine, program, onOutput, signal, lockTimeoutMs } = apt
  const deadline = machine.now() + lockTimeoutMs
  let told = false
  for (;;) {
    signal?.throwIfAborted()
    const { code, lines } = await machine.run(
      [program, '--quiet', '--option', 'Dpkg::Use-Pty=0', '--option', 'Acquire::Retries=2', ...args],
      onOutput,
      signal,
    )
    if (code === 0) return undefined
    if (!isLocked(lines)) return lines
    if (machine.now() >= deadline)
      throw failure(
        'another package installation does not end',
        lines,
        'Let it end, or end it, then run the command again.',
      )
    if (!told) onOutput('Another package installation is going on; waiting for it to end.')
    told = true
    await machine.pause(LOCK_RETRY, signal)
  }
}

const says = (lines: readonly string[], pattern: RegExp): boolean => lines.some(line => pattern.test(line))

const isLocked = (lines: readonly string[]): boolean =>
  says(lines, /could not get lock|unable to (acquire|lock)|is another process using it/i)

/** Whether newer package lists may help: a package or a file on the mirror is not found. */
const isOutdated = (lines: readonly string[]): boolean =>
  says(lines, /unable to locate package|has no installation candidate|\b404\b|hash sum mismatch/i)

const isNetwork = (lines: readonly string[]): boolean =>
  says(
    lines,
    /temporary failure resolving|could not resolve|could not connect|connection (failed|refused|timed out)|network is unreachable|no route to host/i,
  )

/** apt's own words: its errors, or else its last lines. */
const failure = (what: string, lines: readonly string[], remedy: string): OperatorError => {
  const errors = lines.filter(line => /^(E|Err):?/.test(line))
  const detail = (errors.length > 0 ? errors : lines).slice(-5).join('\n')
  return isNetwork(lines)
    ? new OperatorError(
        `${what}: the package mirror cannot be reached\n${detail}`,
        'Check the network, DNS and proxy settings (apt honours http_proxy), then run the command again.',
      )
    : new OperatorError(`${what}\n${detail}`, remedy)
}

const installError = (lines: readonly string[], packages: readonly string[], command: string): OperatorError => {
  const unknown = packages.filter(name =>
    says(
      lines,
      new RegExp(`(unable to locate package|package '?)\\s*${name}\\b.*|${name}.*no installation candidate`, 'i'),
    ),
  )
  if (isOutdated(lines) && unknown.length > 0)
    return failure(
      `apt has no package ${unknown.join(', ')}`,
      lines,
      "Add Debian's main archive to /etc/apt/sources.list, or install the programs by hand and use --no-install.",
    )
  if (says(lines, /dpkg was interrupted/i))
    return failure(
      'an earlier installation was interrupted',
      lines,
      'Run `dpkg --configure -a`, then the command again.',
    )
  if (says(lines, /no space left|you don't have enough free space/i))
    return failure('the disk is full', lines, 'Make room (`apt-get clean` may help), then run the command again.')
  return failure(`installing ${packages.join(', ')} failed`, lines, `Look into it with: ${command}`)
}

const thisMachine = (): Machine => ({
  isRoot: process.getuid?.() === 0,
  aptGet: findProgram('apt-get'),
  run: runProgram,
  listsFetched: () => listsFetched('/var/lib/apt/lists'),
  now: Date.now,
  pause: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
})

/** When package lists last came into `folder`. The files carry the mirror's times, the folders ours. */
export const listsFetched = async (folder: string): Promise<number | undefined> => {
  try {
    const names = await readdir(folder)
    if (!names.some(name => /_Packages(\.\w+)?$/.test(name))) return undefined
    const times = await Promise.all(
      [folder, join(folder, 'partial')].map(async path => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0),
    )
    return Math.max(...times)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const KEPT_LINES = 200

/** `RunProgram` with real processes, in English and without questions. */
export const runProgram: RunProgram = async ([program, ...args], onLine, signal) => {
  signal?.throwIfAborted()
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'a', LC_ALL: 'C' },
  })
  // A package half configured is worse than a late end: apt may finish what it does.
  const abort = () => child.kill('SIGINT')
  signal?.addEventListener('abort', abort, { once: true })
  const lines: string[] = []
  try {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', line => {
        lines.push(line)
        if (lines.length > KEPT_LINES) lines.shift()
        onLine(line)
      })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    signal?.throwIfAborted()
    return { code, lines }
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
