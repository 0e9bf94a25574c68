import { Node, type NodeStatus } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import type { EventRecorder, EventType } from '../../client/events.js'
import { type Clock, sleep } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { Image } from '../runtime/cri-messages.js'
import type { MachineFacts } from './machine-facts.js'
import type { NodeCapacity } from './node-capacity.js'
import { NodeLease } from './node-lease.js'
import { type Registration, registerNode } from './node-registration.js'
import { nodeStatus, type Pressure, type RuntimeReport, withoutHeartbeats } from './node-status.js'

export interface NodeAgentOptions {
  readonly client: Client
  readonly cri: CriClient
  readonly clock: Clock
  readonly events: EventRecorder
  readonly facts: MachineFacts
  readonly registration: Registration
  readonly addresses: readonly string[]
  readonly capacity: NodeCapacity
  readonly pressure: () => Pressure
  readonly port: () => number
  /** Hears of what went wrong and will be tried again. */
  readonly onError: (error: unknown) => void
}

const heartbeat = 10_000
/** Others believe in a node so long after its last renewal. Milliseconds. */
const leaseLasts = 40_000
/** While the runtime or its network is not ready it is asked more often, so that the node is ready soon after it. */
const impatience = 500
const fullReport = 300_000
const patience = { first: 100, last: 5000 }

/** Has the node registered, its lease renewed and its status current. */
export class NodeAgent implements AsyncDisposable {
  readonly #options: NodeAgentOptions
  readonly #lease: NodeLease
  readonly #stopping = new AbortController()
  #node: Node | undefined
  #written: { readonly status: NodeStatus; readonly at: number } | undefined
  #runtime: RuntimeReport | undefined
  #images: readonly Image[] = []
  #renewed = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #isReady = false
  #checkNow: () => void = () => {}
  #tellRegistered: () => void = () => {}
  #tellReady: () => void = () => {}
  readonly #registered = new Promise<void>(resolve => {
    this.#tellRegistered = resolve
  })
  readonly #ready = new Promise<void>(resolve => {
    this.#tellReady = resolve
  })

  constructor(options: NodeAgentOptions) {
    this.#options = options
    const { client, registration } = options
    this.#lease = new NodeLease(client, registration.name, () => this.#node?.metadata.uid)
  }

  /** The node as the API server had it last. */
  get node(): Node | undefined {
    return this.#node
  }

  /** Whether the runtime answers and has its network. */
  get runtime(): RuntimeReport | undefined {
    return this.#runtime
  }

  /** Resolves when the node has an object. */
  get registered(): Promise<void> {
    return this.#registered
  }

  /** Resolves when the node has told the API server, for the first time, that it is ready. */
  get ready(): Promise<void> {
    return this.#ready
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal)
  }

  /** Asks the API server for the node as it is now. Throws `StatusError`. */
  async refresh(): Promise<void> {
    const { client, registration } = this.#options
    this.#node = await client.get(Node, { name: registration.name })
  }

  /** Somebody has reason to think that the node's state is another one. */
  check(): void {
    this.#checkNow()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options
    let failures = 0
    while (!signal.aborted) {
      let wait = heartbeat
      try {
        await this.#beat()
        failures = 0
        if (!this.#isReady) wait = impatience
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        wait = Math.min(patience.first * 2 ** failures++, patience.last)
      }
      const early = new AbortController()
      this.#checkNow = () => early.abort()
      await sleep(clock, wait, AbortSignal.any([signal, early.signal])).catch(() => {})
    }
  }

  async #beat(): Promise<void> {
    const { client, registration, clock } = this.#options
    this.#runtime = await this.#askRuntime()
    if (!this.#node) {
      this.#node = await registerNode(client, registration)
      this.#tellRegistered()
    } else await this.refresh()
    // Who was not heard of for as long as a lease lasts may have been declared lost meanwhile: everything is told anew.
    if (clock.now() - this.#renewed > leaseLasts) this.#written = undefined
    await this.#report()
    const now = clock.now()
    if (now - this.#renewed < heartbeat - 500) return
    await this.#lease.renew(now)
    this.#renewed = now
  }

  async #askRuntime(): Promise<RuntimeReport | undefined> {
    const { cri } = this.#options
    const options = { timeout: 5000, signal: this.#stopping.signal }
    try {
      // The version is asked each time: a runtime may be replaced while it is down.
      const [version, status] = await Promise.all([cri.version({}, options), cri.status({}, options)])
      return { version, status }
    } catch {
      return undefined
    }
  }

  /** Writes the node's status if it says something new, or has not been written for long. */
  async #report(): Promise<void> {
    const { client, clock, facts, addresses, capacity, pressure, port, registration } = this.#options
    const now = clock.now()
    const isDue = !this.#written || now - this.#written.at >= fullReport
    if (isDue) this.#images = await this.#listImages()
    const old = this.#written?.status ?? this.#node?.status
    const status = nodeStatus({
      facts,
      addresses,
      ...capacity,
      advertised: this.#node?.status.capacity ?? {},
      runtime: this.#runtime,
      images: this.#images,
      pressure: pressure(),
      port: port(),
      old,
      now,
    })
    const isNews = !this.#written || !jsonEqual(withoutHeartbeats(status), withoutHeartbeats(this.#written.status))
    if (!isNews && !isDue) return
    const addressList = jsonEqual(old?.addresses, status.addresses)
      ? {}
      : { addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])] }
    const gone = Object.keys(this.#node?.status.allocatable ?? {}).filter(name => !status.allocatable?.[name])
    const allocatable = { ...status.allocatable, ...Object.fromEntries(gone.map(name => [name, null])) }
    const body = { status: { ...status, ...addressList, allocatable } }
    const ref = { name: registration.name }
    this.#node = await client.patch(Node, ref, { type: 'strategic', body }, { subresource: 'status' })
    const before = this.#written?.status
    if (!before && old?.nodeInfo?.bootID && old.nodeInfo.bootID !== facts.bootId)
      this.#record('Warning', 'Rebooted', `Node ${registration.name} has been rebooted, boot id: ${facts.bootId}`)
    this.#written = { status, at: now }
    this.#announce(before, status)
  }

  async #listImages(): Promise<readonly Image[]> {
    const { cri } = this.#options
    try {
      return (await cri.listImages({}, { signal: this.#stopping.signal })).images
    } catch {
      return this.#images
    }
  }

  /** Events about conditions that have changed. */
  #announce(before: NodeStatus | undefined, after: NodeStatus): void {
    for (const { type, status, reason = '' } of after.conditions ?? []) {
      if (type === 'Ready') this.#isReady = status === 'True'
      if (this.#isReady) this.#tellReady()
      if (before?.conditions?.find(condition => condition.type === type)?.status === status) continue
      const event = conditionEvents[`${type}=${status}`] ?? reason
      this.#record('Normal', event, `Node ${this.#options.registration.name} status is now: ${event}`)
    }
  }

  #record(type: EventType, reason: string, message: string): void {
    const { events, registration } = this.#options
    // Node events have always been about the node's name instead of its uid, and tools look for them by it.
    const metadata = { name: registration.name, uid: registration.name }
    events.record({ kind: 'Node', apiVersion: 'v1', metadata }, type, reason, message)
  }
}

const conditionEvents: { readonly [condition: string]: string } = {
  'Ready=True': 'NodeReady',
  'Ready=False': 'NodeNotReady',
  'MemoryPressure=True': 'NodeHasInsufficientMemory',
  'MemoryPressure=False': 'NodeHasSufficientMemory',
  'DiskPressure=True': 'NodeHasDiskPressure',
  'DiskPressure=False': 'NodeHasNoDiskPressure',
  'PIDPressure=True': 'NodeHasInsufficientPID',
  'PIDPressure=False': 'NodeHasSufficientPID',
}
