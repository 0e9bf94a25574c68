import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { writeImageArchive } from '../kubelet/runtime/index.js'
import { testImages } from '../kubelet/runtime/test-images.js'
import { kubectlEnvironment, run, unpackKubectl } from '../machinery/streaming/test-kubectl.js'
import { testFolder, testNumber } from '../machinery/test-folder.js'

const program = fileURLToPath(new URL('../bundle/main.js', import.meta.url))

/** A cluster of its own for a test file: own name, folders, ports and addresses, all derived from its folder. */
export class TestCluster implements AsyncDisposable {
  private constructor(
    readonly name: string,
    readonly folder: string,
    private readonly kubectlPath: string,
  ) {}

  /** Makes the folder and the tools; `up` starts the cluster. */
  static async prepare(): Promise<TestCluster> {
    const folder = testFolder()
    const kubectl = await unpackKubectl(folder)
    return new TestCluster(`e2e-${String(testNumber(folder)).padStart(3, '0')}`, folder, kubectl)
  }

  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig')
  }

  get kubeletUrl(): string {
    return `https://127.0.0.1:${this.firstPort + 1}`
  }

  private get firstPort(): number {
    return 20_000 + 3 * testNumber(this.folder)
  }

  get upFlags(): readonly string[] {
    const { firstPort: ports } = this
    const net = testNumber(this.folder)
    return [
      ...['--api-port', String(ports), '--kubelet-port', String(ports + 1), '--dns-port', String(ports + 2)],
      ...['--service-cidr', `10.${net}.0.0/20`, '--pod-cidr', `10.${net}.128.0/17`],
      ...['--node-cidr', `10.${net}.16.0/24`],
      ...['--kubeconfig', this.kubeconfig],
    ]
  }

  /** Runs `t8s`; throws with all it said if it fails. */
  async t8s(...args: readonly string[]): Promise<string> {
    const result = await this.tryT8s(...args)
    if (result.code !== 0) throw new Error(`t8s ${args.join(' ')} failed with ${result.code}:\n${result.output}`)
    return result.stdout
  }

  async tryT8s(...args: readonly string[]): Promise<{ code: number | null; stdout: string; output: string }> {
    const [command = '', ...rest] = args
    const hasVerbs = command === 'image' || command === 'certs'
    const words = hasVerbs ? [command, ...rest.slice(0, 1)] : [command]
    const others = hasVerbs ? rest.slice(1) : rest
    const flags = ['--name', this.name, '--root', this.folder]
    const { code, stdout, stderr } = await run([process.execPath, program, ...words, ...flags, ...others], {
      env: { HOME: this.folder },
    })
    return { code, stdout: stdout.toString(), output: stdout.toString() + stderr }
  }

  up(...flags: readonly string[]): Promise<string> {
    return this.t8s('up', ...this.upFlags, ...flags)
  }

  get kubectlEnv(): { readonly [name: string]: string } {
    return { ...kubectlEnvironment(this.folder), KUBECONFIG: this.kubeconfig }
  }

  /** Runs kubectl; throws with all it said if it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed with ${code}:\n${stdout}${stderr}`)
    return stdout
  }

  async tryKubectl(
    args: readonly string[],
    options: { readonly input?: string; readonly env?: { readonly [name: string]: string } } = {},
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await run([this.kubectlPath, ...args], {
      env: { ...this.kubectlEnv, ...options.env },
      ...(options.input === undefined ? {} : { input: Buffer.from(options.input) }),
    })
    return { code, stdout: stdout.toString(), stderr }
  }

  /** Starts kubectl and leaves it running. */
  startKubectl(...args: readonly string[]): ChildProcess {
    return spawn(this.kubectlPath, [...args], {
      env: { ...process.env, ...this.kubectlEnv },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(...args, '-o', 'json')) as T
  }

  /** Makes an image and loads it as a user would. */
  async loadImage(kind: keyof typeof testImages, name: string): Promise<void> {
    const archive = join(this.folder, `${kind}.tar`)
    await writeImageArchive(archive, await testImages[kind](name))
    await this.t8s('image', 'load', archive)
    await rm(archive)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tryT8s('delete')
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Asks until the answer is there; throws with the last trouble after `seconds`. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000
  let trouble: unknown
  for (;;) {
    try {
      const found = await check()
      if (found !== undefined && found !== false) return found
      trouble = 'not yet'
    } catch (error) {
      trouble = error
    }
    if (Date.now() > end) throw new Error(`gave up waiting until ${what}`, { cause: trouble })
    // Most checks run kubectl, which is work that others could do meanwhile.
    await pause(200)
  }
}

/** Ends a child and waits for it. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
