import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlPlane, type ControlPlaneOptions } from '../../cluster/control-plane.js'
import { kubectlEnvironment, type RunOptions, run } from '../../machinery/streaming/test-kubectl.js'

/** A control plane with a simulated node, and a folder with a program of users' that talks to it. */
export class ToolBench implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly controlPlane: ControlPlane,
    private readonly program: string,
  ) {}

  static async start(
    unpack: (folder: string) => Promise<string>,
    options: ControlPlaneOptions = {},
  ): Promise<ToolBench> {
    const folder = await mkdtemp(join(tmpdir(), 't8s-tool-'))
    try {
      const program = await unpack(folder)
      const controlPlane = await ControlPlane.start({ simulatedNodes: 1, ...options })
      await writeFile(join(folder, 'kubeconfig'), controlPlane.kubeconfig, { mode: 0o600 })
      return new ToolBench(folder, controlPlane, program)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Runs the program; what it says is text. `home` is where it keeps its caches. */
  async try(args: readonly string[], { env, ...options }: RunOptions = {}) {
    const { code, stdout, stderr } = await run([this.program, ...args], {
      env: { ...kubectlEnvironment(this.folder), KUBECONFIG: join(this.folder, 'kubeconfig'), ...env },
      ...options,
    })
    return { code, stdout: stdout.toString(), stderr }
  }

  /** Runs the program and returns what it prints; throws with what it complains of if it fails. */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args)
    if (code !== 0) throw new Error(`${args.join(' ')} failed with ${code}: ${stderr}`)
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controlPlane[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}
