import type { Node, Pod } from '../api/core/v1/index.js'
import { hasSameSpec } from './cluster-event.js'
import { zoneOf } from './node-zone.js'
import { type Amounts, amounts, podRequest } from './resources.js'

/** A port of the node itself that a pod takes. */
export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/**
 * A node as the scheduler sees it: the object, the pods on it (those just being bound included), and what they take.
 * Kept up to date pod by pod; nothing here is ever counted again from the beginning.
 */
export class NodeInfo {
  readonly pods = new Map<string, Pod>()
  readonly #requested: Sums = { cpu: 0, memory: 0 }
  readonly #compared: Sums = { cpu: 0, memory: 0 }
  hostPorts: readonly HostPort[] = []
  /** Pods by priority. */
  readonly #priorities = new Map<number, number>()
  #version = 0
  #node: Node | undefined
  #allocatable: Amounts = {}
  #images = new Map<string, number>()
  #zone = ''

  constructor(readonly name: string) {}

  /** Grows whenever something changes that may decide on a pod: the node, its pods, those nominated to it. */
  get version(): number {
    return this.#version
  }

  /** Pods are nominated to it, or no longer. */
  nominationsChanged(): void {
    this.#version++
  }

  /** What its pods take. */
  get requested(): Amounts {
    return this.#requested
  }

  /** As `requested`, counting an assumed amount for pods that ask for nothing. */
  get compared(): Amounts {
    return this.#compared
  }

  /** Undefined while only its pods are known. */
  get node(): Node | undefined {
    return this.#node
  }

  set node(node: Node | undefined) {
    this.#version++
    this.#node = node
    this.#zone = zoneOf(node)
    this.#allocatable = amounts(node?.status.allocatable ?? node?.status.capacity)
    this.#images = new Map()
    for (const { names, sizeBytes } of node?.status.images ?? [])
      for (const name of names ?? []) this.#images.set(name, sizeBytes ?? 0)
  }

  /** As `zoneOf` has it; kept, as all nodes are put in order anew when one comes or goes. */
  get zone(): string {
    return this.#zone
  }

  get allocatable(): Amounts {
    return this.#allocatable
  }

  /** Bytes of the images that are present, by name. */
  get images(): ReadonlyMap<string, number> {
    return this.#images
  }

  /** Whether there are pods of lower priority. */
  hasPodsBelow(priority: number): boolean {
    for (const other of this.#priorities.keys()) if (other < priority) return true
    return false
  }

  /** The node as it would be if these pods were on it as well. */
  with(pods: Iterable<Pod>): NodeInfo {
    const copy = this.copy()
    for (const pod of pods) copy.add(pod)
    return copy
  }

  /** The same node, to try something with. */
  copy(): NodeInfo {
    const copy = new NodeInfo(this.name)
    copy.#node = this.#node
    copy.#zone = this.#zone
    copy.#allocatable = this.#allocatable
    copy.#images = this.#images
    for (const [uid, pod] of this.pods) copy.pods.set(uid, pod)
    for (const [priority, count] of this.#priorities) copy.#priorities.set(priority, count)
    Object.assign(copy.#requested, this.#requested)
    Object.assign(copy.#compared, this.#compared)
    copy.hostPorts = this.hostPorts
    return copy
  }

  add(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.pods.get(uid)
    const isSame = known !== undefined && hasSameSpec(pod, known) && podRequest(pod) === podRequest(known)
    if (known && !isSame) this.remove(uid)
    this.#version++
    this.pods.set(uid, pod)
    // Most changes of a pod are of its status: it takes what it took.
    if (isSame) return
    this.#countPriority(pod, 1)
    const { requested, compared } = podRequest(pod)
    addTo(this.#requested, requested, 1)
    addTo(this.#compared, compared, 1)
    const ports = hostPortsOf(pod)
    if (ports.length > 0) this.hostPorts = [...this.hostPorts, ...ports]
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid)
    if (!pod) return
    this.pods.delete(uid)
    this.#version++
    this.#countPriority(pod, -1)
    const { requested, compared } = podRequest(pod)
    addTo(this.#requested, requested, -1)
    addTo(this.#compared, compared, -1)
    if (hostPortsOf(pod).length > 0) this.hostPorts = [...this.pods.values()].flatMap(hostPortsOf)
  }

  #countPriority({ spec: { priority = 0 } }: Pod, by: 1 | -1): void {
    const count = (this.#priorities.get(priority) ?? 0) + by
    if (count > 0) this.#priorities.set(priority, count)
    else this.#priorities.delete(priority)
  }
}

type Sums = Record<string, number>

/** In place: nodes get and lose pods all the time. */
function addTo(sums: Sums, amounts: Amounts, sign: 1 | -1): void {
  for (const name in amounts) sums[name] = (sums[name] ?? 0) + sign * (amounts[name] ?? 0)
}

/** Ports of the node that a pod's containers, sidecars included, bind. */
export function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  let found: HostPort[] | undefined
  const add = ({ ports }: Pod['spec']['containers'][number]) => {
    for (const { hostPort, hostIP, protocol } of ports ?? [])
      if (hostPort) (found ??= []).push({ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort })
  }
  for (const container of spec.containers) add(container)
  for (const container of spec.initContainers ?? []) if (container.restartPolicy === 'Always') add(container)
  return found ?? noPorts
}

const noPorts: readonly HostPort[] = []

export function portsConflict(left: HostPort, right: HostPort): boolean {
  return (
    left.port === right.port &&
    left.protocol === right.protocol &&
    (left.ip === right.ip || left.ip === '0.0.0.0' || right.ip === '0.0.0.0')
  )
}
