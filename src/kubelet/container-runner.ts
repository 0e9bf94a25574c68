import type { Pod } from '../api/core/v1/index.js'
import { StartError, startContainer } from './container-starter.js'
import type { WaitReason } from './container-statuses.js'
import { type Deadlines, stopContainer } from './container-stopper.js'
import { errorText } from './error-text.js'
import { killGracePeriod, podGracePeriod } from './grace-period.js'
import { runHook } from './lifecycle-hooks.js'
import { removeLog } from './logs/remove-log.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { backOffKey, type ContainerKill, type ContainerStart } from './pod-actions.js'
import type { PodEvents } from './pod-events.js'
import type { PodResizer } from './pod-resizer.js'
import { activeSandbox, type ContainerRecord } from './pod-runtime-state.js'
import { podSandboxConfig } from './pod-sandbox.js'
import { afterRestart, type BackOffEntry } from './restart-back-off.js'
import type { PodVolumes } from './volumes/pod-volumes.js'

export interface ContainerRunnerOptions {
  readonly context: NodeContext
  readonly pod: () => Pod
  readonly events: PodEvents
  readonly volumes: PodVolumes
  /** Where grace periods of what is being stopped are kept. */
  readonly deadlines: Deadlines
  readonly resizer: PodResizer
  /** Tells the world, between two steps. */
  readonly publish: () => void
}

/** Starts and kills the containers of one pod, and remembers what the next decision needs to know of that. */
export class ContainerRunner {
  readonly #options: ContainerRunnerOptions
  readonly #backOff = new Map<string, BackOffEntry>()
  readonly #starting = new Set<string>()
  readonly #waits = new Map<string, WaitReason>()

  constructor(options: ContainerRunnerOptions) {
    this.#options = options
  }

  /** By `backOffKey`. */
  get backOff(): ReadonlyMap<string, BackOffEntry> {
    return this.#backOff
  }

  /** Ids of containers whose post-start hook has not come back. */
  get starting(): ReadonlySet<string> {
    return this.#starting
  }

  /** By container name: what stopped its last attempt to start. */
  get waits(): ReadonlyMap<string, WaitReason> {
    return this.#waits
  }

  /** The address at which the pod is reached; empty while it has none. */
  get host(): string {
    const { context, pod } = this.#options
    const { spec, metadata } = pod()
    if (spec.hostNetwork) return context.machine.hostIps[0] ?? ''
    return activeSandbox(context.view.get(metadata.uid ?? ''))?.ips[0] ?? ''
  }

  /** Answers what kept the container from starting. Throws the signal's reason, or what is wrong with the runtime. */
  async start(start: ContainerStart, sandboxId: string, signal: AbortSignal): Promise<StartError | undefined> {
    const { context, events, volumes, resizer } = this.#options
    const { cri, view } = context
    const { container, previous, discard } = start
    const { name } = container.spec
    if (discard) {
      await cri.removeContainer({ containerId: discard })
      view.forget(discard)
    }
    const pod = this.#options.pod()
    const sandbox = view.get(pod.metadata.uid ?? '').sandboxes.find(({ id }) => id === sandboxId)
    if (!sandbox) return undefined
    try {
      const sandboxConfig = podSandboxConfig(context, pod, sandbox.attempt)
      const record = events.of(container)
      const requirements = resizer.grants.get(name)
      const id = await startContainer(context, {
        pod,
        start,
        sandbox,
        sandboxConfig,
        volumes,
        ...(requirements ? { requirements } : {}),
        record,
        signal,
      })
      this.#waits.delete(name)
      await this.#postStart(start, id, signal)
      return undefined
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      this.#waits.set(name, { reason: error.reason, message: error.message })
      // Perhaps the sandbox no longer works, or an attempt whose answer was lost has made the container all the same.
      if (error.reason === 'CreateContainerError' || error.reason === 'RunContainerError') await view.list()
      return error
    } finally {
      if (previous) this.#noteRestart(start, previous)
    }
  }

  /** Kills a container of a pod that goes on. */
  async kill({ container, record, cause }: ContainerKill): Promise<void> {
    const { context, deadlines, events } = this.#options
    const pod = this.#options.pod()
    const { name } = container.spec
    const causes = {
      changed: `Container ${name} definition changed`,
      resized: `Container ${name} resize requires restart`,
      unknown: `Container ${name} is in unknown state`,
      liveness: `Container ${name} failed liveness probe`,
      startup: `Container ${name} failed startup probe`,
    }
    const why = causes[cause]
    const restarts = cause !== 'resized' && (pod.spec.restartPolicy !== 'Never' || cause === 'changed')
    const message = restarts ? `${why}, will be restarted` : why
    const stop = { pod, container, record, host: this.host, report: events.of(container), message }
    await deadlines.within(killGracePeriod(pod, container, cause), deadline =>
      stopContainer(context, { ...stop, deadline }),
    )
  }

  /** Removes what restarts have left: of each container only the last end is kept. */
  async prune(): Promise<void> {
    const { context } = this.#options
    const { cri, view } = context
    const pod = this.#options.pod()
    const { containers, sandboxes } = view.get(pod.metadata.uid ?? '')
    const kept = new Set<string>()
    const homes = new Set<string>()
    for (const { id, name, state, sandboxId, restartCount } of containers) {
      if (state === 'exited' && kept.has(name)) {
        await cri.removeContainer({ containerId: id })
        view.forget(id)
        await removeLog(`${podLogFolder(context, pod)}/${name}`, restartCount)
        continue
      }
      if (state === 'exited') kept.add(name)
      homes.add(sandboxId)
    }
    for (const { id } of sandboxes.slice(1)) {
      if (homes.has(id)) continue
      await cri.removePodSandbox({ podSandboxId: id })
      view.forget(id)
    }
  }

  /** A restart that came to pass counts for the next back-off. */
  #noteRestart({ container, restartCount }: ContainerStart, previous: ContainerRecord): void {
    const { context, pod } = this.#options
    const { name } = container.spec
    const { containers } = context.view.get(pod().metadata.uid ?? '')
    if (!containers.some(record => record.name === name && record.restartCount === restartCount)) return
    const key = backOffKey(container)
    const now = context.clock.now()
    this.#backOff.set(key, afterRestart(this.#backOff.get(key), previous.finishedAt || now, now))
  }

  async #postStart({ container }: ContainerStart, containerId: string, signal: AbortSignal): Promise<void> {
    const handler = container.spec.lifecycle?.postStart
    if (!handler) return
    const { context, deadlines, events, publish } = this.#options
    const { cri, clock, view } = context
    const pod = this.#options.pod()
    const record = view.get(pod.metadata.uid ?? '').containers.find(({ id }) => id === containerId)
    if (record?.state !== 'running') return
    this.#starting.add(containerId)
    publish()
    try {
      await runHook(handler, { cri, clock, containerId, container: container.spec, host: this.host, signal })
    } catch (error) {
      signal.throwIfAborted()
      const report = events.of(container)
      const text = `PostStartHook failed: ${errorText(error)}`
      report('Warning', 'FailedPostStartHook', text)
      const stop = { pod, container, record, host: this.host, report, message: 'FailedPostStartHook' }
      await deadlines.within(podGracePeriod(pod), deadline => stopContainer(context, { ...stop, deadline }))
      throw new StartError('PostStartHookError', text)
    } finally {
      this.#starting.delete(containerId)
    }
  }
}
