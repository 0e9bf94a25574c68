import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Container, Pod } from '../api/core/v1/index.js'
import type { EventType } from '../client/events.js'
import { containerResources, podResources, type Requirements } from './container/linux-resources.js'
import { errorText } from './error-text.js'
import type { NodeContext } from './node-context.js'
import type { Finding } from './pod-conditions.js'
import type { PodEvents } from './pod-events.js'
import type { ContainerRecord } from './pod-runtime-state.js'
import { podCgroup } from './pod-sandbox.js'
import {
  askedGrants,
  type Grants,
  grantedPod,
  type Resize,
  resizableContainers,
  resizes,
  resourceSummary,
  sameGrants,
} from './resize.js'

/** Why a pod cannot be given what it asks for: not now, or not on this node at all. */
export interface Refusal {
  readonly reason: 'Deferred' | 'Infeasible'
  readonly message: string
}

export interface PodResizerOptions {
  readonly context: NodeContext
  readonly events: PodEvents
  /** Whether the node has room for a pod that asks for what this one asks for. */
  readonly refusal: (pod: Pod) => Refusal | undefined
}

/**
 * What one pod is granted, which is what it asked for when it came, and follows what it asks for as the node has room.
 * Grants are noted on disk, so that the next agent knows what is taken.
 */
export class PodResizer {
  readonly #options: PodResizerOptions
  readonly #file: string
  /** What containers run with, by id, where that is not what they were created with. */
  readonly #applied = new Map<string, Requirements>()
  #grants: Grants
  #refusal: Refusal | undefined
  #fault: string | undefined
  /** What was granted last has not been reported as done. */
  #isUnderWay = false

  constructor(pod: Pod, options: PodResizerOptions) {
    this.#options = options
    this.#file = join(options.context.podsFolder, pod.metadata.uid ?? '', 'granted.json')
    this.#grants = readGrants(this.#file) ?? askedGrants(pod)
  }

  /** Whether the pod waits for the node to have room. */
  get isDeferred(): boolean {
    return this.#refusal?.reason === 'Deferred'
  }

  get grants(): Grants {
    return this.#grants
  }

  /** The pod with what it is granted. */
  granted(pod: Pod): Pod {
    return grantedPod(pod, this.#grants)
  }

  /** What a container runs with. */
  has(record: ContainerRecord): Requirements {
    return this.#applied.get(record.id) ?? record.requirements ?? this.#grants.get(record.name) ?? {}
  }

  /** Grants what the pod asks for, if the node has room. Call it before decisions about the pod. */
  async consider(pod: Pod, containers: readonly ContainerRecord[]): Promise<void> {
    const asked = askedGrants(pod)
    if (sameGrants(asked, this.#grants)) {
      this.#refusal = undefined
      this.#noteEnd(pod, containers)
      return
    }
    const before = this.#refusal
    this.#refusal = this.#options.refusal(pod)
    if (!this.#refusal) {
      this.#fault = undefined
      await writeGrants(this.#file, asked)
      this.#grants = asked
      this.#isUnderWay = true
      this.#record('Normal', 'ResizeStarted', 'started', pod)
    } else if (before?.reason !== this.#refusal.reason)
      this.#record('Warning', `Resize${this.#refusal.reason}`, this.#refusal.reason, pod, this.#refusal.message)
  }

  /** Running containers that do not have what they are granted. */
  pending(pod: Pod, containers: readonly ContainerRecord[]): readonly Resize[] {
    return resizes(pod, containers, this.#grants, record => this.has(record))
  }

  /** Gives running containers what they are granted. Those that want a restart for it are left to their killing. */
  async apply(pod: Pod, pending: readonly Resize[]): Promise<void> {
    const updates = pending.filter(({ mode }) => mode === 'update')
    if (pending.length === 0) return
    const { context } = this.#options
    const { cri, cgroups, machine } = context
    const path = podCgroup(context, pod)
    const wanted = podResources(this.granted(pod), ({ resources = {} }) => resources)
    try {
      // The pod's own limits must not be in the way of a container that grows, nor of one that has yet to shrink.
      await cgroups.set(path, { ...wanted, cpuQuota: 0, memoryLimitInBytes: 0 })
      for (const { container, record } of updates) {
        const requirements = this.#grants.get(container.name) ?? {}
        const linux = containerResources(pod, container, machine.memoryCapacity, requirements)
        await cri.updateContainerResources({
          containerId: record.id,
          // Told to be unlimited, a container loses the limit it had.
          linux: { ...linux, cpuQuota: linux.cpuQuota || -1, memoryLimitInBytes: linux.memoryLimitInBytes || -1 },
        })
        this.#applied.set(record.id, requirements)
      }
      await cgroups.set(path, wanted)
      this.#fault = undefined
      this.#noteEnd(pod, context.view.get(pod.metadata.uid ?? '').containers)
    } catch (error) {
      this.#fault = errorText(error)
      this.#record('Warning', 'ResizeError', 'error', this.granted(pod), this.#fault)
      throw error
    }
  }

  /** Says so once all containers run with what they were last granted. */
  #noteEnd(pod: Pod, containers: readonly ContainerRecord[]): void {
    if (!this.#isUnderWay || this.pending(pod, containers).length > 0) return
    const runs = ({ name }: Container) => containers.find(record => record.name === name)?.state === 'running'
    if (!resizableContainers(pod).every(runs)) return
    this.#isUnderWay = false
    this.#record('Normal', 'ResizeCompleted', 'completed', this.granted(pod))
  }

  #record(type: EventType, reason: string, what: string, pod: Pod, error?: string): void {
    this.#options.events.record(type, reason, `Pod resize ${what}: ${resourceSummary(pod, error)}`)
  }

  /** What the pod's conditions say of it. */
  conditions(pod: Pod, containers: readonly ContainerRecord[]): readonly Finding[] {
    const findings: Finding[] = []
    if (this.#refusal) findings.push({ type: 'PodResizePending', status: 'True', ...this.#refusal })
    if (this.pending(pod, containers).length > 0)
      findings.push({
        type: 'PodResizeInProgress',
        status: 'True',
        ...(this.#fault ? { reason: 'Error', message: this.#fault } : {}),
      })
    return findings
  }
}

function readGrants(file: string): Grants | undefined {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as { [name: string]: Requirements }))
  } catch {
    return undefined
  }
}

async function writeGrants(file: string, grants: Grants): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.tmp`, JSON.stringify(Object.fromEntries(grants)))
  await rename(`${file}.tmp`, file)
}
