import { execFile, spawn } from 'node:child_process'
import { access, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  endProcess,
  identifyProcess,
  isRunning,
  type ProcessIdentity,
  processEnded,
} from '../../machinery/process-identity.js'
import { mayRaiseLimits } from './capabilities.js'
import { ensureCgroup } from './cgroups.js'
import {
  type ContainerdConfigOptions,
  type ContainerdVersion,
  configFingerprint,
  containerdConfig,
  parseContainerdVersion,
  type Snapshotter,
} from './containerd-config.js'
import { connectCri } from './cri-client.js'
import { overlayWorks } from './mounts.js'
import { isUnimplemented } from './runtime-error.js'

const run = promisify(execFile)

/** What may be left out is found out: the release, whether overlay mounts work, whether OOM scores may be lowered. */
export interface ContainerdOptions
  extends Omit<ContainerdConfigOptions, 'version' | 'socket' | 'cniBinDir' | 'snapshotter' | 'restrictOomScoreAdj'> {
  /** At most 107 bytes, which is Linux' limit; `containerd.sock` in the state folder if absent. */
  readonly socket?: string
  readonly cniBinDir?: string
  readonly snapshotter?: Snapshotter
  readonly restrictOomScoreAdj?: boolean
  /** Name or path of the program; shim and runc are looked for beside it first. */
  readonly binary?: string
  /** `containerd.log` in the root folder if absent. Above 10 MiB it is set aside as `.1` at the next start. */
  readonly logFile?: string
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
}

/** A running containerd of ours. Disposing of it stops the daemon; containers go on and the next start finds them. */
export interface Containerd extends AsyncDisposable {
  readonly pid: number
  readonly socket: string
  readonly version: ContainerdVersion
  readonly snapshotter: Snapshotter
  /** The program of the same release by which images are imported. */
  readonly ctr: string
  /** It was running already, started by an earlier process of ours. */
  readonly adopted: boolean
  /** Resolves when pods can be run; rejects, with what it logged, if it ends before or takes longer than 30 s. */
  readonly ready: Promise<void>
  /** Resolves when the daemon has ended, whoever ended it. Does not keep this process alive. */
  readonly exited: Promise<void>
}

/** What we note of the containerd we started, in `containerd.json` of its state folder. */
export interface ContainerdRecord {
  readonly process: ProcessIdentity
  readonly fingerprint: string
}

const maxSocketPath = 107
/** Milliseconds that a containerd gets to end. */
export const stopGrace = 10_000
const maxLogSize = 10 << 20
const readyLimit = 30_000

/**
 * Starts containerd, or takes over one that an earlier process of ours left running with the same configuration. One
 * with another configuration, or that does not answer, is replaced; its containers are not touched.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { root, state, binary = 'containerd' } = options
  const socket = socketOf(options)
  if (Buffer.byteLength(`${socket}.ttrpc`) > maxSocketPath) {
    throw new Error(`the socket path ${socket} is too long: with ".ttrpc" at most ${maxSocketPath} bytes are possible`)
  }
  await Promise.all([root, state, options.cniConfDir].map(folder => mkdir(folder, { recursive: true, mode: 0o711 })))
  const [version, snapshotter, cniBinDir] = await Promise.all([
    containerdVersion(binary),
    options.snapshotter ?? overlayWorks(root).then(works => (works ? 'overlayfs' : 'native') as Snapshotter),
    options.cniBinDir ?? findCniBinDir(),
  ])
  const restrictOomScoreAdj = options.restrictOomScoreAdj ?? !mayRaiseLimits()
  const config = containerdConfig({ ...options, version, socket, snapshotter, cniBinDir, restrictOomScoreAdj })
  const fingerprint = configFingerprint(config)

  const record = await readRecord(state)
  const alive = record !== undefined && isRunning(record.process)
  const answering =
    alive && record.fingerprint === fingerprint && (await readiness(socket, record.process, 10_000)) === 'ready'
  const decision = adoption({ record, alive, fingerprint, answering, taken: !alive && (await accepts(socket)) })
  if (decision === 'refuse') throw new Error(`${socket} is in use by a containerd that is not ours`)
  if (decision === 'replace' && record) await endProcess(record.process, { graceMs: stopGrace })
  const { process, exited } =
    decision === 'adopt' && record ? watch(record.process) : await spawnDaemon({ ...options, socket, binary }, config)
  if (decision !== 'adopt') await writeRecord(state, { process, fingerprint })

  const ready = decision === 'adopt' ? Promise.resolve() : untilReady(socket, process, logFileOf(options))
  // Whoever does not look at `ready` notices by `exited`.
  ready.catch(() => {})
  return {
    pid: process.pid,
    socket,
    version,
    snapshotter,
    ctr: isAbsolute(binary) ? join(dirname(binary), 'ctr') : 'ctr',
    adopted: decision === 'adopt',
    ready,
    exited,
    async [Symbol.asyncDispose]() {
      await endProcess(process, { graceMs: stopGrace })
    },
  }
}

/** What is known when it is decided whether to start a new containerd. */
export interface AdoptionFacts {
  readonly record: ContainerdRecord | undefined
  /** The process of the record still runs. */
  readonly alive: boolean
  /** Of the configuration now wanted. */
  readonly fingerprint: string
  /** It answers on its socket. */
  readonly answering: boolean
  /** The process of the record does not run, but something listens on the socket. */
  readonly taken: boolean
}

/** Whether to use the containerd that runs, to stop it and start anew, to just start, or to keep off. */
export function adoption(facts: AdoptionFacts): 'adopt' | 'replace' | 'start' | 'refuse' {
  if (!facts.record || !facts.alive) return facts.taken ? 'refuse' : 'start'
  return facts.record.fingerprint === facts.fingerprint && facts.answering ? 'adopt' : 'replace'
}

/** Where a containerd with these options serves. */
export const socketOf = (options: Pick<ContainerdOptions, 'socket' | 'state'>): string =>
  options.socket ?? join(options.state, 'containerd.sock')

const logFileOf = ({ logFile, root }: ContainerdOptions): string => logFile ?? join(root, 'containerd.log')
const recordFile = (state: string): string => join(state, 'containerd.json')

/** The containerd last started on this state folder, whether or not it still runs. */
export async function readRecord(state: string): Promise<ContainerdRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(state), 'utf8')) as ContainerdRecord
  } catch {
    return undefined
  }
}

async function writeRecord(state: string, record: ContainerdRecord): Promise<void> {
  const file = recordFile(state)
  await writeFile(`${file}.new`, JSON.stringify(record))
  await rename(`${file}.new`, file)
}

async function containerdVersion(binary: string): Promise<ContainerdVersion> {
  try {
    return parseContainerdVersion((await run(binary, ['--version'])).stdout)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Error(missing ? `containerd is not installed: no program ${binary}` : `cannot run ${binary}`, {
      cause: error,
    })
  }
}

/** Where distributions, and the CNI project itself, install the plugins. Throws if they are not there. */
export async function findCniBinDir(): Promise<string> {
  const folders = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']
  for (const folder of folders) {
    // containerd itself calls this one for every pod.
    const found = await access(join(folder, 'loopback')).then(
      () => true,
      () => false,
    )
    if (found) return folder
  }
  throw new Error(`the CNI plugins are not installed: no "loopback" in ${folders.join(', ')}`)
}

interface RunningDaemon {
  readonly process: ProcessIdentity
  readonly exited: Promise<void>
}

async function spawnDaemon(
  options: ContainerdOptions & { readonly socket: string; readonly binary: string },
  config: string,
): Promise<RunningDaemon> {
  // containerd makes its own, but expects the shims' one to be there.
  if (options.cgroups?.shims) await ensureCgroup(options.cgroups.shims)
  const configFile = join(options.state, 'containerd.toml')
  await mkdir(dirname(options.socket), { recursive: true, mode: 0o711 })
  await writeFile(configFile, config)
  await using log = await openLog(logFileOf(options))
  const child = spawn(options.binary, ['--config', configFile, '--log-level', options.logLevel ?? 'info'], {
    cwd: '/',
    env: daemonEnvironment(options.binary),
    stdio: ['ignore', log.fd, log.fd],
    // In a session of its own: what ends us by Ctrl-C shall not end it, nor the shims it starts.
    detached: true,
  })
  child.unref()
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const process = child.pid === undefined ? undefined : identifyProcess(child.pid)
  if (!process) throw new Error(`containerd ended at once: ${await logTail(logFileOf(options))}`)
  return { process, exited }
}

/** Ours, with the places of runc and iptables on the path, and without what concerns only us. */
function daemonEnvironment(binary: string): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, ...environment } = process.env
  const beside = isAbsolute(binary) ? [dirname(binary)] : []
  const path = [...beside, ...(environment['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin']
  return { ...environment, PATH: [...new Set(path.filter(Boolean))].join(delimiter) }
}

async function openLog(file: string) {
  await mkdir(dirname(file), { recursive: true })
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
  if (size > maxLogSize) await rename(file, `${file}.1`)
  return open(file, 'a', 0o640)
}

/** A process that is not our child can only be asked about. */
function watch(process: ProcessIdentity): RunningDaemon {
  return { process, exited: processEnded(process, { intervalMs: 200, ref: false }) }
}

async function untilReady(socket: string, process: ProcessIdentity, logFile: string): Promise<void> {
  const state = await readiness(socket, process, readyLimit)
  if (state !== 'ready') throw new Error(`containerd ${state}: ${await logTail(logFile)}`)
}

/** What came first: CRI answers, the process ends, or the time is over. */
async function readiness(
  socket: string,
  process: ProcessIdentity,
  limit: number,
): Promise<'ready' | 'ended while starting' | 'cannot run pods' | 'does not get ready'> {
  const end = Date.now() + limit
  using cri = connectCri(socket)
  for (;;) {
    if (await accepts(socket)) {
      const answer = await cri.version({}, { timeout: Math.max(end - Date.now(), 1) }).catch((error: unknown) => error)
      if (!(answer instanceof Error)) return 'ready'
      // The service is there before it is initialized, and says so; it is not there if its plugin has failed.
      if (isUnimplemented(answer)) return 'cannot run pods'
    }
    if (!isRunning(process)) return 'ended while starting'
    if (Date.now() >= end) return 'does not get ready'
    await pause(5)
  }
}

/** Whether anything accepts connections on a Unix socket. */
function accepts(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    const settle = (answer: boolean) => () => {
      connection.destroy()
      resolve(answer)
    }
    connection.once('connect', settle(true)).once('error', settle(false))
  })
}

/** The last errors and warnings of the log, or, without any, its last lines. */
async function logTail(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-50)
  const errors = lines.filter(line => !/ level=(debug|info) /.test(line))
  return (errors.length > 0 ? errors : lines).slice(-3).join('\n') || 'its log is empty'
}
