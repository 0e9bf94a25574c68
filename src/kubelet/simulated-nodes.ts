import { setMaxListeners } from 'node:events'
import { Lease } from '../api/coordination/v1/index.js'
import { Node, Pod, type PodStatus } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { Informer } from '../client/informer.js'
import { type Clock, rfc3339, rfc3339Micro, sleep, systemClock } from '../machinery/clock.js'
import { simulatedRuntime } from '../machinery/simulated-runtime.js'
import { isAlreadyExists, isConflict, isNotFound } from '../machinery/status-error.js'
import { repeatedly } from './housekeeping.js'
import { declaredFeatures, kubeletVersion } from './node/node-status.js'
import { isTerminalPhase } from './pod-actions.js'
import { podContainers } from './pod-containers.js'
import type { PodRuntimeState } from './pod-runtime-state.js'
import { podStatus } from './pod-status.js'
import { Slots } from './slots.js'
import { nodesStatus } from './status-patch.js'

export interface SimulatedNodesOptions {
  readonly client: Client
  readonly count: number
  /** Nodes are called `<prefix>-0` and so on; `sim` by default. */
  readonly prefix?: string
  /** What each node has, quantities by resource; 32 cores, 256 GiB and 110 pods by default. */
  readonly capacity?: { readonly [resource: string]: string }
  readonly labels?: { readonly [key: string]: string }
  readonly taints?: NonNullable<Node['spec']['taints']>
  readonly clock?: Clock
  readonly onError?: (error: unknown) => void
}

/** Nodes that only say that they run pods. Disposing of them stops the saying; their objects stay. */
export interface SimulatedNodes extends AsyncDisposable {
  readonly names: readonly string[]
  /** Resolves when all nodes are registered. */
  readonly ready: Promise<void>
}

const defaultCapacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '100Gi', pods: '110' }
/** Pods that are to end by themselves run for so many seconds, unless this annotation says otherwise. */
const runSeconds = 'simulation.typernetes.io/run-seconds'
const defaultRunSeconds = 1
const leaseDuration = 40
/** All leases are renewed once in this time, a few at each tick. Milliseconds. */
const renewal = 15_000
const tick = 250
/** Writes under way at once. */
const concurrency = 64
/**
 * Of pods that have started, fewer are told at once: they are there already, and leave the server to those that are still
 * to be made and bound while there are many. What goes makes room, and does not wait behind them.
 */
const startConcurrency = 16
/** Ms after which what somebody else wrote will have been heard of. */
const conflictPause = 50

/**
 * Registers nodes without machines and drives the pods bound to them to Running, to Succeeded where they are to end, and
 * away when they are deleted. One watch, one timer and one queue serve any number of nodes.
 */
export function startSimulatedNodes(options: SimulatedNodesOptions): SimulatedNodes {
  const { client, count, prefix = 'sim', clock = systemClock, onError = error => console.error(error) } = options
  const stopping = new AbortController()
  const { signal } = stopping
  // Everything that waits its turn listens to it.
  setMaxListeners(0, signal)
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
  const indexes = new Map(names.map((name, index) => [name, index]))
  const slots = new Slots(concurrency)
  const startSlots = new Slots(startConcurrency)
  const leases = new Leases(client, clock, names)
  const addresses = new Map<string, number>()
  const ends = new Map<string, { readonly pod: Pod; readonly at: number }>()
  const inHand = new Set<string>()

  const attempt = (task: () => Promise<unknown>, turns = slots, first = false): Promise<void> =>
    turns.run(task, signal, first).then(
      () => {},
      error => {
        if (!signal.aborted && !isNotFound(error) && !isConflict(error)) onError(error)
      },
    )

  const register = async (): Promise<void> => {
    await Promise.all(names.map((name, index) => attempt(() => registerNode(options, name, index, clock.now()))))
  }

  const addressOf = (nodeName: string): string => {
    const number = ((addresses.get(nodeName) ?? 0) % 254) + 1
    addresses.set(nodeName, number)
    return podAddress(indexes.get(nodeName) ?? 0, number)
  }

  /** Writes the status of a pod as it is by now, unless that is over; others may write it at the same time. */
  const write = async (
    { metadata }: Pod,
    stateOf: (pod: Pod, now: number) => PodRuntimeState,
    isOver: boolean,
  ): Promise<void> => {
    for (;;) {
      const pod = pods.get(metadata)
      if (!pod || pod.metadata.uid !== metadata.uid || pod.metadata.deletionTimestamp) return
      const now = clock.now()
      const hostIp = nodeAddress(indexes.get(pod.spec.nodeName ?? '') ?? 0)
      const status = nodesStatus(pod.status, simulatedStatus(pod, stateOf(pod, now), isOver, hostIp, now))
      try {
        await client.update(Pod, { ...pod, status }, { subresource: 'status' })
        return
      } catch (error) {
        if (!isConflict(error)) throw error
      }
      await sleep(clock, conflictPause, signal)
    }
  }

  const look = (pod: Pod): void => {
    const uid = pod.metadata.uid ?? ''
    const { nodeName = '' } = pod.spec
    if (!indexes.has(nodeName)) return
    if (pod.metadata.deletionTimestamp) {
      ends.delete(uid)
      const gone = { gracePeriodSeconds: 0, preconditions: { uid } }
      void once(uid, 'delete', () => client.delete(Pod, pod.metadata, gone))
    } else if (isTerminalPhase(pod.status.phase)) ends.delete(uid)
    else if (pod.status.phase !== 'Running') {
      const ip = pod.status.podIP ?? addressOf(nodeName)
      void once(uid, 'start', () => write(pod, (known, now) => runningState(known, ip, now), false), startSlots)
    } else if (pod.spec.restartPolicy !== 'Always' && !ends.has(uid)) {
      const seconds = Number(pod.metadata.annotations?.[runSeconds] ?? defaultRunSeconds)
      ends.set(uid, { pod, at: clock.now() + (Number.isFinite(seconds) ? seconds : defaultRunSeconds) * 1000 })
    }
  }

  /** The same thing is not begun twice while the first is under way. */
  const once = async (uid: string, what: string, task: () => Promise<unknown>, turns = slots): Promise<void> => {
    const key = `${uid}/${what}`
    if (inHand.has(key)) return
    inHand.add(key)
    await attempt(task, turns)
    inHand.delete(key)
  }

  const finishDue = (): void => {
    const now = clock.now()
    for (const [uid, { pod, at }] of ends) {
      if (at > now) continue
      ends.delete(uid)
      void once(uid, 'end', () => write(pod, endedState, true))
    }
  }

  const pods = new Informer(Pod, { client, clock, onError, selection: { fieldSelector: 'spec.nodeName!=' } })
  const ready = register()
  pods.onChange((pod, _, change) => {
    if (change === 'deleted') ends.delete(pod.metadata.uid ?? '')
    else look(pod)
  })
  void ready.then(() => {
    if (!signal.aborted) pods.start()
  })
  const ticking = repeatedly(
    tick,
    async () => {
      finishDue()
      // A node that is late is taken for dead.
      for (const renew of leases.due()) void attempt(renew, slots, true)
    },
    { clock, signal, onError },
  )
  return {
    names,
    ready,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await pods[Symbol.asyncDispose]()
      await ticking
      await ready
    },
  }
}

/** From the range for addresses that lead nowhere: 16384 nodes of 254 pods. */
const podAddress = (node: number, pod: number): string => `100.${64 + ((node >> 8) & 63)}.${node & 255}.${pod}`
const nodeAddress = (node: number): string => `198.18.${(node >> 8) & 255}.${node & 255}`

async function registerNode(
  { client, capacity = defaultCapacity, labels = {}, taints = [] }: SimulatedNodesOptions,
  name: string,
  index: number,
  now: number,
): Promise<void> {
  const own = {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.typernetes.io/simulated': 'true',
    ...labels,
  }
  try {
    await client.create(Node, { metadata: { name, labels: own }, ...(taints.length ? { spec: { taints } } : {}) })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const at = rfc3339(now)
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  })
  const status: Partial<Node['status']> = {
    capacity,
    allocatable: capacity,
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    addresses: [
      { type: 'InternalIP', address: nodeAddress(index) },
      { type: 'Hostname', address: name },
    ],
    declaredFeatures,
    nodeInfo: {
      machineID: name,
      systemUUID: name,
      bootID: name,
      kernelVersion: 'simulated',
      osImage: 'simulated',
      containerRuntimeVersion: simulatedRuntime,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  }
  await client.patch(Node, { name }, { type: 'merge', body: { status } }, { subresource: 'status' })
}

/** Renews all leases in turn, evenly spread over time. */
class Leases {
  readonly #known = new Map<string, Lease>()
  #next = 0
  #owed = 0
  #last: number

  constructor(
    readonly client: Client,
    readonly clock: Clock,
    readonly names: readonly string[],
  ) {
    this.#last = clock.now() - renewal
  }

  /** The renewals to be made now. */
  due(): readonly (() => Promise<void>)[] {
    const now = this.clock.now()
    this.#owed = Math.min(this.#owed + (this.names.length * (now - this.#last)) / renewal, this.names.length)
    this.#last = now
    const due: (() => Promise<void>)[] = []
    for (; this.#owed >= 1; this.#owed--) {
      const name = this.names[this.#next++ % this.names.length]
      if (name !== undefined) due.push(() => this.#renew(name))
    }
    return due
  }

  async #renew(name: string): Promise<void> {
    const ref = { namespace: 'kube-node-lease', name }
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: leaseDuration,
      renewTime: rfc3339Micro(this.clock.now()),
    }
    const known = this.#known.get(name)
    try {
      const lease = known
        ? await this.client.update(Lease, { ...known, spec })
        : await this.client.create(Lease, { metadata: ref, spec })
      this.#known.set(name, lease)
    } catch (error) {
      this.#known.delete(name)
      if (isAlreadyExists(error)) this.#known.set(name, await this.client.get(Lease, ref))
      else if (!isConflict(error) && !isNotFound(error)) throw error
    }
  }
}

/** What a runtime would say of a pod all of whose containers run. */
function runningState(pod: Pod, ip: string, now: number): PodRuntimeState {
  const sandboxId = `sandbox-${pod.metadata.uid}`
  return {
    sandboxes: [{ id: sandboxId, ready: true, createdAt: now, attempt: 0, ips: [ip] }],
    containers: podContainers(pod).map(({ role, spec }) => ({
      id: `${spec.name}-${pod.metadata.uid}`,
      name: spec.name,
      sandboxId,
      state: role === 'init' ? ('exited' as const) : ('running' as const),
      createdAt: now,
      startedAt: now,
      finishedAt: role === 'init' ? now : 0,
      exitCode: 0,
      reason: role === 'init' ? 'Completed' : '',
      message: '',
      restartCount: 0,
      // Only who decides whether to restart a container would look at it.
      hash: '',
      image: spec.image ?? '',
      imageId: spec.image ?? '',
    })),
  }
}

/** The same once all have ended well. */
function endedState(pod: Pod, now: number): PodRuntimeState {
  const started = Date.parse(pod.status.startTime ?? '') || now
  const { containers, sandboxes } = runningState(pod, pod.status.podIP ?? '', started)
  const ended = { state: 'exited' as const, reason: 'Completed', finishedAt: now }
  return { sandboxes, containers: containers.map(record => ({ ...record, ...ended })) }
}

function simulatedStatus(
  pod: Pod,
  observed: PodRuntimeState,
  settled: boolean,
  hostIp: string,
  now: number,
): PodStatus {
  const passing = { startup: 'success', readiness: 'success', liveness: 'success' } as const
  return podStatus({
    pod,
    status: pod.status,
    observed,
    probes: new Map(observed.containers.map(({ id }) => [id, passing])),
    starting: new Set(),
    backOff: new Map(),
    now,
    waits: new Map(),
    settled,
    hostIps: [hostIp],
  })
}
