import type { Pod } from '../api/core/v1/index.js'
import type { EventType } from '../client/events.js'
import type { Clock } from '../machinery/clock.js'
import { runHook } from './lifecycle-hooks.js'
import type { NodeContext } from './node-context.js'
import { initContainers, type PodContainer, podContainers } from './pod-containers.js'
import type { ContainerRecord, PodRuntimeState } from './pod-runtime-state.js'
import { isNotFound } from './runtime/runtime-error.js'

/** By when a container must have ended. It may be moved up while the container is being stopped. */
export class Deadline {
  #time: number
  readonly #movers = new Set<() => void>()

  /** `time` in milliseconds since the epoch; `signal`: nobody waits for the end any more. */
  constructor(
    time: number,
    readonly signal: AbortSignal,
  ) {
    this.#time = time
  }

  get time(): number {
    return this.#time
  }

  /** Later times are ignored: a promise to end is only ever tightened. */
  moveUp(time: number): void {
    if (time >= this.#time) return
    this.#time = time
    for (const mover of this.#movers) mover()
  }

  /** Calls back whenever the deadline is moved up, until disposed of. */
  onMove(mover: () => void): Disposable {
    this.#movers.add(mover)
    return { [Symbol.dispose]: () => this.#movers.delete(mover) }
  }
}

/** Aborts when a deadline comes, also one that is moved up. Dispose of it when it does not matter any more. */
class TimeUp implements Disposable {
  readonly #over = new AbortController()
  readonly #mover: Disposable
  #timer: Disposable

  constructor(clock: Clock, deadline: Deadline, reason: Error) {
    const wait = () => clock.after(deadline.time - clock.now(), () => this.#over.abort(reason))
    this.#timer = wait()
    this.#mover = deadline.onMove(() => {
      this.#timer[Symbol.dispose]()
      this.#timer = wait()
    })
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#mover[Symbol.dispose]()
  }
}

/** The deadlines of all that is being stopped of a pod at the moment. */
export class Deadlines {
  readonly #all = new Set<Deadline>()

  /** `signal`: nobody waits for the end of anything any more. */
  constructor(
    readonly clock: Clock,
    readonly signal: AbortSignal,
  ) {}

  /** Stops something within a grace period (milliseconds) that shrinks if the pod is to end sooner. */
  async within(gracePeriod: number, stop: (deadline: Deadline) => Promise<void>): Promise<void> {
    const deadline = new Deadline(this.clock.now() + gracePeriod, this.signal)
    this.#all.add(deadline)
    try {
      await stop(deadline)
    } finally {
      this.#all.delete(deadline)
    }
  }

  /** Nothing may take longer than until `time`. */
  moveUp(time: number): void {
    for (const deadline of this.#all) deadline.moveUp(time)
  }
}

export interface StopInput {
  readonly pod: Pod
  /** Undefined for a container the pod no longer has. */
  readonly container: PodContainer | undefined
  readonly record: ContainerRecord
  /** Address of the pod. */
  readonly host: string
  readonly deadline: Deadline
  readonly report: (type: EventType, reason: string, message: string) => void
  /** For the event; `Stopping container web` where absent. */
  readonly message?: string
  /** Resolves when it is the container's turn to get its stop signal; when the deadline comes it gets it anyway. */
  readonly turn?: Promise<void>
}

type Context = Pick<NodeContext, 'cri' | 'clock' | 'view'>

/** A container that has not had its stop signal when the time is over still gets this long, in milliseconds. */
const leastNotice = 2000

/**
 * Stops a container as its pod asks for: pre-stop hook, stop signal, at last SIGKILL when the deadline comes. Resolves
 * once it has ended and the runtime view knows. Throws if the deadline's signal aborts.
 */
export async function stopContainer(context: Context, input: StopInput): Promise<void> {
  const { container, record, deadline, report } = input
  const { cri, clock, view } = context
  report('Normal', 'Killing', input.message ?? `Stopping container ${record.name}`)
  const preStop = container?.spec.lifecycle?.preStop
  let earliest = 0
  if (preStop && record.state === 'running' && deadline.time > clock.now()) {
    await runPreStop(context, input)
    earliest = clock.now() + leastNotice
  }
  if (input.turn) {
    await itsTurn(clock, input.turn, deadline)
    earliest = clock.now() + leastNotice
  }
  for (;;) {
    const tightened = new AbortController()
    using _ = deadline.onMove(() => tightened.abort())
    const timeout = Math.max(0, Math.ceil((Math.max(deadline.time, earliest) - clock.now()) / 1000))
    try {
      const signal = AbortSignal.any([deadline.signal, tightened.signal])
      await cri.stopContainer({ containerId: record.id, timeout }, { signal })
      break
    } catch (error) {
      if (isNotFound(error)) break
      if (deadline.signal.aborted || !tightened.signal.aborted) throw error
    }
  }
  await view.inspectEnd(record.id)
}

/** Gives a pre-stop hook the time that is left, and reports its failure. */
async function runPreStop({ cri, clock }: Context, input: StopInput): Promise<void> {
  const { container, record, host, deadline, report } = input
  const handler = container?.spec.lifecycle?.preStop
  if (!container || !handler) return
  using time = new TimeUp(clock, deadline, new Error('preStop hook not completed in grace period'))
  try {
    const subject = {
      cri,
      clock,
      containerId: record.id,
      container: container.spec,
      host,
      signal: AbortSignal.any([deadline.signal, time.signal]),
    }
    await runHook(handler, subject)
  } catch (error) {
    deadline.signal.throwIfAborted()
    report('Warning', 'FailedPreStopHook', `PreStopHook failed: ${error instanceof Error ? error.message : error}`)
  }
}

/** Waits for a container's turn, or the deadline. Throws if nobody waits for its end any more. */
async function itsTurn(clock: Clock, turn: Promise<void>, deadline: Deadline): Promise<void> {
  using time = new TimeUp(clock, deadline, new Error('out of time'))
  const end = AbortSignal.any([deadline.signal, time.signal])
  const over = new Promise<void>(resolve => {
    if (end.aborted) resolve()
    end.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([turn, over])
  deadline.signal.throwIfAborted()
}

/**
 * In which order containers are stopped: all regular ones together, then sidecars one by one, the last started first
 * (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#differences-from-application-containers).
 */
export function stopOrder(pod: Pod, { containers }: PodRuntimeState): readonly (readonly ContainerRecord[])[] {
  const alive = containers.filter(({ state }) => state === 'running' || state === 'unknown')
  const sidecars = initContainers(pod)
    .filter(({ role }) => role === 'sidecar')
    .map(({ spec }) => spec.name)
  const first = alive.filter(({ name }) => !sidecars.includes(name))
  const later = sidecars.reverse().map(name => alive.filter(record => record.name === name))
  return [first, ...later].filter(group => group.length > 0)
}

/**
 * Stops all containers of a pod: hooks begin at once, stop signals are sent in order. Throws after all have been tried if
 * one could not be stopped.
 */
export async function stopAll(
  context: Context,
  input: Omit<StopInput, 'container' | 'record' | 'report' | 'turn'> & {
    readonly observed: () => PodRuntimeState
    readonly report: (container: string) => StopInput['report']
  },
): Promise<void> {
  const { pod, observed, report } = input
  const specs = new Map(podContainers(pod).map(container => [container.spec.name, container]))
  const stops: Promise<void>[] = []
  let turn: Promise<void> | undefined
  for (const group of stopOrder(pod, observed())) {
    const before = turn ? { turn } : {}
    for (const record of group) {
      const { name } = record
      stops.push(
        stopContainer(context, { ...input, ...before, container: specs.get(name), record, report: report(name) }),
      )
    }
    turn = Promise.allSettled(stops).then(() => {})
  }
  for (const result of await Promise.allSettled(stops)) if (result.status === 'rejected') throw result.reason
}
