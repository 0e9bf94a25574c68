import { randomUUID } from 'node:crypto'
import { type Clock, sleep, systemClock } from '../../machinery/clock.js'
import { decodeProtobuf, type Infer } from '../../schema/index.js'
import {
  ContainerCreate,
  ContainerDelete,
  Empty,
  EventEnvelope,
  PublishRequest,
  SubscribeRequest,
  TaskExit,
  TaskOOM,
  TaskStart,
} from './containerd-events-messages.js'
import type { CriClient } from './cri-client.js'
import { ContainerState, type ContainerStatus } from './cri-messages.js'
import { connectGrpc, type GrpcConnection } from './grpc-connection.js'
import { isNotFound, isUnimplemented } from './runtime-error.js'

/**
 * Something happened to a container, or to a sandbox, which containerd runs as a container with the sandbox's id.
 * - `resync`: events may have been missed (also the very first one): whoever follows must list now. What happens after
 *   this event is told by further ones.
 * - `exited`: `exitedAt` in milliseconds since the epoch. CRI learns of it a little later, see `statusAfterExit`.
 * - `oom`: the kernel killed a process in the container, not necessarily the first.
 */
export type ContainerEvent =
  | { readonly type: 'resync' }
  | { readonly type: 'created' | 'deleted' | 'oom'; readonly id: string }
  | { readonly type: 'started'; readonly id: string; readonly pid: number }
  | {
      readonly type: 'exited'
      readonly id: string
      readonly pid: number
      readonly exitCode: number
      readonly exitedAt: number
    }

export interface ContainerEventsOptions {
  readonly clock?: Clock
  /** containerd's namespace; CRI's containers are in `k8s.io`. */
  readonly namespace?: string
}

const service = '/containerd.services.events.v1.Events'
const subscribe = { path: `${service}/Subscribe`, request: SubscribeRequest, response: EventEnvelope }
const publish = { path: `${service}/Publish`, request: PublishRequest, response: Empty }

/** Our own event, by which we learn that a subscription has begun: containerd does not say so. */
const markerTopic = '/typernetes/subscribed'
const markerInterval = 20
const retryDelays = { first: 50, last: 2000 }

/**
 * What happens to containers, from containerd's own event service, until the signal aborts. Lost connections are made
 * again, followed by `resync`. Throws `RuntimeError` `Unimplemented` if the runtime is no containerd.
 */
export async function* containerEvents(
  socketPath: string,
  signal: AbortSignal,
  { clock = systemClock, namespace = 'k8s.io' }: ContainerEventsOptions = {},
): AsyncGenerator<ContainerEvent, void, undefined> {
  using connection = connectGrpc(socketPath, { 'containerd-namespace': namespace })
  for (let delay = retryDelays.first; !signal.aborted; delay = Math.min(delay * 2, retryDelays.last)) {
    try {
      for await (const event of subscription(connection, namespace, signal, clock)) {
        delay = retryDelays.first / 2
        yield event
      }
    } catch (error) {
      if (isUnimplemented(error)) throw error
    }
    await sleep(clock, delay, signal).catch(() => {})
  }
}

/** One subscription: `resync` as soon as it is certain to have begun, and events. */
async function* subscription(
  connection: GrpcConnection,
  namespace: string,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<ContainerEvent, void, undefined> {
  const marker = randomUUID()
  const begun = new AbortController()
  const filters = ['/tasks/', '/containers/', markerTopic].map(topic => `namespace==${namespace},topic~="^${topic}"`)
  const stream = connection.stream(subscribe, { filters }, { signal })
  void announce(connection, marker, AbortSignal.any([signal, begun.signal]), clock)
  try {
    for await (const envelope of stream) {
      if (envelope.topic !== markerTopic) {
        const event = containerEvent(envelope)
        if (event) yield event
      } else if (!begun.signal.aborted && Buffer.from(envelope.event?.value ?? []).toString() === marker) {
        begun.abort()
        yield { type: 'resync' }
      }
    }
  } finally {
    begun.abort()
  }
}

/** Publishes our marker until it came back; earlier ones may have been sent before containerd had us subscribed. */
async function announce(connection: GrpcConnection, marker: string, signal: AbortSignal, clock: Clock): Promise<void> {
  const event = { typeUrl: 'typernetes.local/Subscribed', value: Buffer.from(marker) }
  while (!signal.aborted) {
    // A failure shows on the subscription as well, which decides.
    await connection.call(publish, { topic: markerTopic, event }, { signal, timeout: 5000 }).catch(() => {})
    await sleep(clock, markerInterval, signal).catch(() => {})
  }
}

/** What an event of containerd's means to us; undefined if nothing. */
export function containerEvent({ topic, event, timestamp }: Infer<typeof EventEnvelope>): ContainerEvent | undefined {
  const bytes = event?.value ?? new Uint8Array()
  switch (topic) {
    case '/containers/create':
      return { type: 'created', id: decodeProtobuf(ContainerCreate, bytes).id }
    case '/containers/delete':
      return { type: 'deleted', id: decodeProtobuf(ContainerDelete, bytes).id }
    case '/tasks/oom':
      return { type: 'oom', id: decodeProtobuf(TaskOOM, bytes).containerId }
    case '/tasks/start': {
      const { containerId, pid } = decodeProtobuf(TaskStart, bytes)
      return { type: 'started', id: containerId, pid }
    }
    case '/tasks/exit': {
      const { containerId, id, pid, exitStatus, exitedAt } = decodeProtobuf(TaskExit, bytes)
      // Processes that were exec'ed (probes, exec sessions) exit without the container.
      if (id !== '' && id !== containerId) return undefined
      const { seconds, nanos } = exitedAt ?? timestamp ?? { seconds: 0, nanos: 0 }
      return { type: 'exited', id: containerId, pid, exitCode: exitStatus, exitedAt: seconds * 1000 + nanos / 1e6 }
    }
    default:
      return undefined
  }
}

/** How long CRI may take to learn of what has exited, in milliseconds. */
export const exitPatience = 30_000

/**
 * A container's status after its `exited` event. CRI answers `running` for some milliseconds more, seconds if the machine
 * is overloaded, so this asks again until it does not, for at most `exitPatience`; what it then says counts. `certain`: it
 * has started and exited for sure, though CRI may not even have noted its start. Undefined if the container is gone.
 */
export async function statusAfterExit(
  cri: Pick<CriClient, 'containerStatus'>,
  containerId: string,
  {
    signal,
    clock = systemClock,
    certain = false,
  }: { readonly signal?: AbortSignal; readonly clock?: Clock; readonly certain?: boolean } = {},
): Promise<ContainerStatus | undefined> {
  const end = clock.now() + exitPatience
  const isBehind = (state: number | undefined) =>
    state === ContainerState.running || (certain && state === ContainerState.created)
  for (let delay = 5; ; delay = Math.min(delay * 2, 500)) {
    try {
      const { status } = await cri.containerStatus({ containerId }, signal ? { signal } : {})
      if (!isBehind(status?.state) || clock.now() >= end) return status
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
    await sleep(clock, delay, signal)
  }
}
