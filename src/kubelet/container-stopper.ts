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
}

type Context = Pick<NodeContext, 'cri' | 'clock' | 'view'>

/** Even a container whose pre-stop hook took all the time gets this long after its stop signal, in milliseconds. */
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
  const outOfTime = new AbortController()
  const giveUp = () => outOfTime.abort(new Error('preStop hook not completed in grace period'))
  let timer = clock.after(deadline.time - clock.now(), giveUp)
  using _ = deadline.onMove(() => {
    timer[Symbol.dispose]()
    timer = clock.after(deadline.time - clock.now(), giveUp)
  })
  try {
    const subject = {
      cri,
      clock,
      containerId: record.id,
      container: container.spec,
      host,
      signal: AbortSignal.any([deadline.signal, outOfTime.signal]),
    }
    await runHook(handler, subject)
  } catch (error) {
    deadline.signal.throwIfAborted()
    report('Warning', 'FailedPreStopHook', `PreStopHook failed: ${error instanceof Error ? error.message : error}`)
  } finally {
    timer[Symbol.dispose]()
  }
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

/** Stops all containers of a pod. Throws after all have been tried if one could not be stopped. */
export async function stopAll(
  context: Context,
  input: Omit<StopInput, 'container' | 'record' | 'report'> & {
    readonly observed: () => PodRuntimeState
    readonly report: (container: string) => StopInput['report']
  },
): Promise<void> {
  const { pod, observed, report } = input
  const specs = new Map(podContainers(pod).map(container => [container.spec.name, container]))
  for (const group of stopOrder(pod, observed())) {
    const results = await Promise.allSettled(
      group.map(record =>
        stopContainer(context, { ...input, container: specs.get(record.name), record, report: report(record.name) }),
      ),
    )
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
