import { type Clock, sleep } from '../machinery/clock.js'
import { type Owner, ownerFromLabels, readMarks } from './container/labels.js'
import type { ContainerRecord, PodRuntimeState, SandboxRecord } from './pod-runtime-state.js'
import { noRuntimeState } from './pod-runtime-state.js'
import { type ContainerEvent, exitPatience, statusAfterExit } from './runtime/container-events.js'
import type { CriClient } from './runtime/cri-client.js'
import { ContainerState, type ContainerStatus, PodSandboxState, type PodSandboxStatus } from './runtime/cri-messages.js'
import { isNotFound } from './runtime/runtime-error.js'
import type { TerminationMessages } from './termination-message.js'

export interface RuntimeViewOptions {
  readonly cri: CriClient
  readonly clock: Clock
  readonly messages: TerminationMessages
  readonly signal: AbortSignal
  /** Something of this pod is no longer as it was. */
  readonly changed: (uid: string) => void
}

const milliseconds = (nanoseconds: number): number => Math.round(nanoseconds / 1e6)

const states: { readonly [state: number]: ContainerRecord['state'] } = {
  [ContainerState.created]: 'created',
  [ContainerState.running]: 'running',
  [ContainerState.exited]: 'exited',
}
const order = { unknown: 0, created: 1, running: 2, exited: 3 }

/**
 * What the runtime knows of all pods, kept current by its events. A record only ever moves on (created, running,
 * exited), so answers that overtake each other do no harm.
 */
export class RuntimeView {
  readonly #options: RuntimeViewOptions
  readonly #pods = new Map<string, PodRuntimeState>()
  readonly #owners = new Map<string, Owner>()
  /** Pod uid by id of a sandbox or container. */
  readonly #homes = new Map<string, string>()
  /** Sandbox by id of a container: a container's status does not say where it lives. */
  readonly #sandboxes = new Map<string, string>()
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(options: RuntimeViewOptions) {
    this.#options = options
  }

  get(uid: string): PodRuntimeState {
    return this.#pods.get(uid) ?? noRuntimeState
  }

  /** Calls back after anything about a pod has changed, until disposed of. */
  onChange(uid: string, changed: () => void): Disposable {
    const listeners = this.#listeners.get(uid) ?? new Set<() => void>()
    this.#listeners.set(uid, listeners)
    const listener = () => changed()
    listeners.add(listener)
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener)
        if (listeners.size === 0 && this.#listeners.get(uid) === listeners) this.#listeners.delete(uid)
      },
    }
  }

  /** Every pod of which the runtime holds anything. */
  get owners(): Iterable<Owner> {
    return this.#owners.values()
  }

  /** Takes in an event of the runtime's. `resync` is the caller's: it calls `list`. */
  async take(event: ContainerEvent): Promise<void> {
    if (event.type !== 'exited' && event.type !== 'deleted') return
    const uid = this.#homes.get(event.id)
    if (uid === undefined) return
    if (event.type === 'deleted') this.#forget(event.id)
    else if (this.get(uid).sandboxes.some(({ id }) => id === event.id)) await this.#inspectSandboxEnd(event.id)
    else await this.inspectEnd(event.id, true)
    this.#options.changed(uid)
  }

  /** Lists all there is; records of what is gone go, too. Answers once the view is as current as the list. */
  async list(): Promise<void> {
    const { cri, changed, signal } = this.#options
    const [sandboxes, containers] = await Promise.all([
      cri.listPodSandbox({}, { signal }),
      cri.listContainers({}, { signal }),
    ])
    const ids = new Set<string>()
    const moved = new Set<string>()
    const inspections: (() => Promise<void>)[] = []
    for (const { id, state, labels } of sandboxes.items ?? []) {
      const owner = ownerFromLabels(labels)
      if (!owner) continue
      ids.add(id)
      const known = this.get(owner.uid).sandboxes.find(sandbox => sandbox.id === id)
      if (known && known.ready === (state === PodSandboxState.ready)) continue
      moved.add(owner.uid)
      inspections.push(() => this.inspectSandbox(id))
    }
    for (const { id, podSandboxId, state, labels } of containers.containers ?? []) {
      const owner = ownerFromLabels(labels)
      if (!owner) continue
      ids.add(id)
      this.#sandboxes.set(id, podSandboxId)
      const known = this.get(owner.uid).containers.find(container => container.id === id)
      if (known && known.state === (states[state] ?? 'unknown')) continue
      moved.add(owner.uid)
      inspections.push(() => this.inspectContainer(id))
    }
    for (const [id, uid] of [...this.#homes])
      if (!ids.has(id) && this.#isOlderThanList(id, uid)) {
        this.#forget(id)
        moved.add(uid)
      }
    await Promise.all(inspections.map(inspect => inspect()))
    for (const uid of moved) changed(uid)
  }

  /** Asks for a container's state and remembers it. */
  async inspectContainer(id: string): Promise<void> {
    const { cri, signal } = this.#options
    try {
      const { status } = await cri.containerStatus({ containerId: id }, { signal })
      if (status) await this.#keepContainer(status)
    } catch (error) {
      if (!isNotFound(error)) throw error
      this.#forget(id)
    }
  }

  /** The same for a container that has ended, or is about to; `certain` if the runtime has said that it has. */
  async inspectEnd(id: string, certain = false): Promise<void> {
    const { cri, clock, signal } = this.#options
    const status = await statusAfterExit(cri, id, { clock, signal, certain })
    if (status) await this.#keepContainer(status)
    else this.#forget(id)
  }

  async inspectSandbox(id: string): Promise<void> {
    const { cri, signal } = this.#options
    try {
      const { status } = await cri.podSandboxStatus({ podSandboxId: id }, { signal })
      if (status) this.#keepSandbox(status)
    } catch (error) {
      if (!isNotFound(error)) throw error
      this.#forget(id)
    }
  }

  /** A sandbox whose process has ended: as with containers, CRI learns of it a little later. */
  async #inspectSandboxEnd(id: string): Promise<void> {
    const { clock, signal } = this.#options
    const end = clock.now() + exitPatience
    for (let delay = 5; clock.now() < end; delay = Math.min(delay * 2, 500)) {
      await this.inspectSandbox(id)
      const uid = this.#homes.get(id)
      if (uid === undefined || !this.get(uid).sandboxes.some(sandbox => sandbox.id === id && sandbox.ready)) return
      await sleep(clock, delay, signal)
    }
  }

  /** A sandbox or container that has been created for a pod: from now on its events are heard. */
  expect(owner: Owner, id: string, sandboxId?: string): void {
    this.#owners.set(owner.uid, owner)
    this.#homes.set(id, owner.uid)
    if (sandboxId) this.#sandboxes.set(id, sandboxId)
  }

  /** The sandbox or container has been removed. */
  forget(id: string): void {
    this.#forget(id)
  }

  /** Nothing in the list may be believed missing that was made while the list was under way. */
  #isOlderThanList(id: string, uid: string): boolean {
    const { sandboxes, containers } = this.get(uid)
    const record = sandboxes.find(sandbox => sandbox.id === id) ?? containers.find(container => container.id === id)
    return record !== undefined && record.createdAt < this.#options.clock.now() - 60_000
  }

  async #keepContainer(status: ContainerStatus): Promise<void> {
    const owner = ownerFromLabels(status.labels)
    if (!owner) return
    this.expect(owner, status.id)
    const known = this.get(owner.uid).containers.find(({ id }) => id === status.id)
    const state = states[status.state] ?? 'unknown'
    if (known && order[known.state] > order[state] && state !== 'unknown') return
    const record = await this.#containerRecord(owner, status, state, known)
    const pod = this.get(owner.uid)
    // Somebody else may have learned more meanwhile.
    const newest = pod.containers.find(({ id }) => id === status.id)
    if (newest !== known && newest && order[newest.state] > order[state] && state !== 'unknown') return
    const others = pod.containers.filter(({ id }) => id !== record.id)
    const containers = [...others, record].sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount)
    this.#set(owner.uid, { ...pod, containers })
  }

  async #containerRecord(
    owner: Owner,
    status: ContainerStatus,
    state: ContainerRecord['state'],
    known: ContainerRecord | undefined,
  ): Promise<ContainerRecord> {
    const marks = readMarks(status.labels, status.annotations)
    const user = status.user?.linux
    const message =
      state === 'exited' ? known?.message || (await this.#options.messages.read(owner, status, marks)) : ''
    return {
      id: status.id,
      name: marks.name,
      sandboxId: this.#sandboxes.get(status.id) ?? '',
      state,
      createdAt: milliseconds(status.createdAt),
      startedAt: milliseconds(status.startedAt),
      finishedAt: milliseconds(status.finishedAt),
      exitCode: status.exitCode,
      reason: status.reason ?? '',
      message,
      restartCount: marks.restartCount,
      hash: marks.hash,
      gracePeriod: marks.gracePeriod,
      image: status.image?.image ?? '',
      imageId: status.imageRef ?? '',
      ...(marks.requirements ? { requirements: marks.requirements } : {}),
      ...(user ? { user } : {}),
    }
  }

  #keepSandbox(status: PodSandboxStatus): void {
    const owner = ownerFromLabels(status.labels)
    if (!owner) return
    this.expect(owner, status.id)
    const pod = this.get(owner.uid)
    const known = pod.sandboxes.find(({ id }) => id === status.id)
    if (known && !known.ready) return
    const { ip, additionalIps = [] } = status.network ?? { ip: '' }
    const sandbox: SandboxRecord = {
      id: status.id,
      ready: status.state === PodSandboxState.ready,
      createdAt: milliseconds(status.createdAt),
      attempt: status.metadata?.attempt ?? 0,
      ips: [ip, ...additionalIps.map(other => other.ip)].filter(Boolean),
    }
    const others = pod.sandboxes.filter(({ id }) => id !== sandbox.id)
    const sandboxes = [...others, sandbox].sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt)
    this.#set(owner.uid, { ...pod, sandboxes })
  }

  #forget(id: string): void {
    const uid = this.#homes.get(id)
    if (uid === undefined) return
    this.#homes.delete(id)
    this.#sandboxes.delete(id)
    const pod = this.get(uid)
    const sandboxes = pod.sandboxes.filter(sandbox => sandbox.id !== id)
    const containers = pod.containers.filter(container => container.id !== id)
    if (sandboxes.length + containers.length > 0) {
      this.#set(uid, { sandboxes, containers })
      return
    }
    this.#set(uid, noRuntimeState)
    this.#pods.delete(uid)
    this.#owners.delete(uid)
  }

  #set(uid: string, state: PodRuntimeState): void {
    this.#pods.set(uid, state)
    for (const listener of this.#listeners.get(uid) ?? []) listener()
  }
}
