import { networkInterfaces } from 'node:os'
import { ProgramError, type RunProgram, runProgram } from '../run-program.js'
import type { Ruleset } from './ruleset.js'
import { socketAddress } from './service-rules.js'

/** A UDP flow that the kernel remembers: where its packets were sent, and who answers. */
export interface UdpFlow {
  readonly destination: { readonly address: string; readonly port: number }
  readonly answerer: { readonly address: string; readonly port: number }
}

/** The flows in what `conntrack -L -p udp` prints. */
export function udpFlows(listing: string): UdpFlow[] {
  const flows: UdpFlow[] = []
  for (const line of listing.split('\n')) {
    const found = [...line.matchAll(/\b(src|dst|sport|dport)=(\S+)/g)]
    // First the way there, then the way back.
    const values = (name: string) => found.filter(([, key]) => key === name).map(([, , value = '']) => value)
    const [, answerer] = values('src')
    const [destination] = values('dst')
    const [, sourcePort] = values('sport')
    const [port] = values('dport')
    if (!answerer || !destination) continue
    flows.push({
      destination: { address: destination, port: Number(port) },
      answerer: { address: answerer, port: Number(sourcePort) },
    })
  }
  return flows
}

/**
 * The flows to services that no endpoint of theirs answers: the kernel would go on sending their packets where it once
 * sent the first, for as long as the client keeps sending.
 */
export function staleFlows(
  flows: readonly UdpFlow[],
  udp: Ruleset['udp'],
  nodeAddresses: ReadonlySet<string>,
): UdpFlow[] {
  const stale = new Map<string, UdpFlow>()
  for (const flow of flows) {
    const { destination, answerer } = flow
    const answered = socketAddress(answerer)
    const service = udp.get(socketAddress(destination))
    // Whatever else passes through may happen to use the number of a node port.
    const nodePort = nodeAddresses.has(destination.address) ? udp.get(`:${destination.port}`) : undefined
    const endpoints = service ?? nodePort
    if (endpoints && !endpoints.has(answered)) stale.set(`${socketAddress(destination)} ${answered}`, flow)
  }
  return [...stale.values()]
}

/**
 * The UDP ports whose flows are worth a look after a change: those that have lost endpoints, are gone (they have no
 * endpoints then), or have their first ones.
 */
export function changedUdp(before: Ruleset['udp'] | undefined, after: Ruleset['udp']): Ruleset['udp'] {
  const changed = new Map<string, ReadonlySet<string>>()
  for (const [frontend, endpoints] of after) {
    const old = before?.get(frontend)
    if (endpoints === old) continue
    if (!old?.size || [...old].some(endpoint => !endpoints.has(endpoint))) changed.set(frontend, endpoints)
  }
  for (const frontend of before?.keys() ?? []) if (!after.has(frontend)) changed.set(frontend, new Set())
  return changed
}

export interface ForgetOptions {
  readonly run?: RunProgram
  readonly signal?: AbortSignal
  /** The node's own addresses, at which node ports are reached; those of this process's network when absent. */
  readonly nodeAddresses?: readonly string[]
}

/**
 * Makes the kernel forget flows to the given UDP ports that no endpoint of theirs answers, and says how many kinds of
 * flows there were. Throws a `ProgramError`.
 */
export async function forgetStaleFlows(
  { family, udp }: Pick<Ruleset, 'family' | 'udp'>,
  { run = runProgram, signal, nodeAddresses = ownAddresses() }: ForgetOptions = {},
): Promise<number> {
  const options = signal ? { signal } : {}
  const protocol = ['-f', family === 'ip' ? 'ipv4' : 'ipv6', '-p', 'udp']
  const flows = udpFlows(await run(['conntrack', '-L', ...protocol], options))
  const stale = staleFlows(flows, udp, new Set(nodeAddresses))
  for (const { destination, answerer } of stale) {
    const there = ['-d', destination.address, '--orig-port-dst', String(destination.port)]
    const back = ['-r', answerer.address, '--reply-port-src', String(answerer.port)]
    await run(['conntrack', '-D', ...protocol, ...there, ...back], options).catch(error => {
      // conntrack fails if the flow has gone by itself meanwhile.
      if (!(error instanceof ProgramError) || !error.output.includes('0 flow entries')) throw error
    })
  }
  return stale.length
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap(found => (found ?? []).map(({ address }) => address))

/** Cleans up after changes of the rules, one run at a time, in the background. */
export class FlowCleaner implements AsyncDisposable {
  readonly #stopping = new AbortController()
  #pending = new Map<string, ReadonlySet<string>>()
  #working: Promise<void> | undefined

  constructor(private readonly options: ForgetOptions & { readonly onError: (error: unknown) => void }) {}

  /** Looks after the flows that a change of the ruleset concerns. Returns at once. */
  changed({ family, udp }: Ruleset, before: Ruleset | undefined): void {
    for (const [frontend, endpoints] of changedUdp(before?.udp, udp)) this.#pending.set(frontend, endpoints)
    if (this.#pending.size && !this.#stopping.signal.aborted) this.#working ??= this.#work(family)
  }

  /** Resolves when there is nothing left to do. */
  async settled(): Promise<void> {
    await this.#working
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  async #work(family: Ruleset['family']): Promise<void> {
    const { signal } = this.#stopping
    while (this.#pending.size && !signal.aborted) {
      const udp = this.#pending
      this.#pending = new Map()
      try {
        await forgetStaleFlows({ family, udp }, { ...this.options, signal })
      } catch (error) {
        if (!signal.aborted) this.options.onError(error)
      }
    }
    this.#working = undefined
  }
}
