import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AgentRequest } from './netns-agent.js'
import { ProgramError, type RunProgram } from './run-program.js'

interface Answer {
  readonly id: number
  readonly answer?: string
  readonly error?: { readonly message: string; readonly code: string | number | null; readonly output?: string }
}

/** A network namespace of its own with a process in it, for tests; root alone can make one. */
export class Netns implements AsyncDisposable {
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #last = 0

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', line => {
        const answer = JSON.parse(line) as Answer
        this.#waiting.get(answer.id)?.(answer)
        this.#waiting.delete(answer.id)
      })
    child.once('close', () => {
      for (const [id, tell] of this.#waiting) tell({ id, error: { message: 'the namespace is gone', code: null } })
    })
  }

  /** A namespace whose loopback is up. */
  static async open(): Promise<Netns> {
    const agent = fileURLToPath(new URL('netns-agent.js', import.meta.url))
    const child = spawn('unshare', ['--net', process.execPath, agent], { stdio: ['pipe', 'pipe', 'inherit'] })
    const netns = new Netns(child)
    await netns.run(['ip', 'link', 'set', 'lo', 'up'])
    return netns
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Runs a program inside. */
  readonly run: RunProgram = async (argv, { input } = {}) => {
    const { answer, error } = await this.#send({ do: 'run', argv, ...(input === undefined ? {} : { input }) })
    if (error)
      throw new ProgramError(argv, typeof error.code === 'number' ? error.code : null, error.output ?? error.message)
    return answer ?? ''
  }

  /** Runs `ip` with these words, for each line. */
  async ip(script: string): Promise<void> {
    const lines = script
      .split('\n')
      .map(line => line.trim())
      .filter(line => line)
    for (const line of lines) await this.run(['ip', ...line.split(/\s+/)])
  }

  async sysctl(settings: { readonly [name: string]: string | number }): Promise<void> {
    for (const [name, value] of Object.entries(settings))
      await this.#do({ do: 'write', file: `/proc/sys/${name.replaceAll('.', '/')}`, text: String(value) })
  }

  /** Serves at all addresses unless one is given. */
  async serve(protocol: 'tcp' | 'udp', port: number, answer: string, address?: string): Promise<void> {
    await this.#do({ do: 'serve', protocol, port, answer, ...(address ? { address } : {}) })
  }

  async close(protocol: 'tcp' | 'udp', port: number): Promise<void> {
    await this.#do({ do: 'close', protocol, port })
  }

  /** What a server says; else the code of the error, or `timeout`. */
  async ask(
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    { socket, timeoutMs = 3000 }: { readonly socket?: string; readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const { answer, error } = await this.#send({
      do: 'ask',
      protocol,
      address,
      port,
      timeoutMs,
      ...(socket ? { socket } : {}),
    })
    return answer ?? String(error?.code ?? error?.message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.stdin?.end()
    await once(this.child, 'close')
  }

  async #do(request: AgentRequest): Promise<void> {
    const { error } = await this.#send(request)
    if (error) throw new Error(error.message)
  }

  #send(request: AgentRequest): Promise<Answer> {
    const id = ++this.#last
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.child.stdin?.write(`${JSON.stringify({ id, request })}\n`)
    })
  }
}
