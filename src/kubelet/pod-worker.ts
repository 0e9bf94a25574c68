import type { Pod, PodStatus } from '../api/core/v1/index.js'
import { jsonEqual } from '../machinery/json-equal.js'
import { ContainerRunner } from './container-runner.js'
import { Deadline, Deadlines, stopAll } from './container-stopper.js'
import { errorText } from './error-text.js'
import { withForeignConditions } from './foreign-conditions.js'
import { podGracePeriod } from './grace-period.js'
import type { NodeContext } from './node-context.js'
import {
  deadlineExceeded,
  decide,
  isTerminalPhase,
  type PodDecision,
  type PodSituation,
  type Verdict,
} from './pod-actions.js'
import { crashLoopWait, PodEvents } from './pod-events.js'
import { removePodObject, removePodRemains } from './pod-removal.js'
import { PodResizer, type Refusal } from './pod-resizer.js'
import { isAlive } from './pod-runtime-state.js'
import { createSandbox, stopSandboxes } from './pod-sandbox.js'
import { podStatus } from './pod-status.js'
import { PodProbes, type ProbeCount } from './probes/pod-probes.js'
import type { Resize } from './resize.js'
import { isStaticPod } from './static-pods.js'
import { PodVolumes, type ReadyVolume, VolumesNotReady } from './volumes/pod-volumes.js'
import { type Again, WorkLoop } from './work-loop.js'

const retryDelays = { first: 1000, last: 10_000 }
/** How long a running pod's volume that cannot be brought up to date is left alone; its sources wake it anyway. */
const refreshDelay = 60_000

export interface PodWorkerOptions {
  /** Ruled about the pod before it came: it is not to run. */
  readonly verdict: Verdict | undefined
  /** The object that shows the status of a pod which is not the API server's own, once there is one. */
  readonly reportTo: () => Pod | undefined
  /** Whether the node has room for a pod that has grown. */
  readonly refusal: (pod: Pod) => Refusal | undefined
  /** The pod no longer uses anything of the node's. */
  readonly released: () => void
  /** Nothing of the pod is left on the node and its object is gone. */
  readonly finished: () => void
}

/**
 * Looks after one pod: one thing at a time, again and again, always from what is known now. Whatever happens (a change
 * of the pod, an event of the runtime's, a probe, time) only wakes it. It may be cut off at any point; the next one,
 * perhaps of another process, goes on from what it finds.
 */
export class PodWorker {
  readonly uid: string
  readonly #context: NodeContext
  readonly #options: PodWorkerOptions
  readonly #events: PodEvents
  readonly #probes: PodProbes
  readonly #volumes: PodVolumes
  readonly #containers: ContainerRunner
  readonly #resizer: PodResizer
  #pod: Pod
  #status: PodStatus
  #verdict: Verdict | undefined
  /** By when the pod must have ended, once it is to end. */
  #deadline: Deadline | undefined
  /** The same for all that is being stopped at the moment. */
  readonly #deadlines: Deadlines
  /** Ends what can be cut off when the pod is no longer to run. */
  #run = new AbortController()
  #vanished = false
  /** All that the pod used on this node has been given back. */
  #released = false
  readonly #loop: WorkLoop
  #failures = 0
  /** Ends the work on the pod: because nothing of it is left, or because others go on with it. */
  readonly #stop = new AbortController()

  constructor(context: NodeContext, pod: Pod, options: PodWorkerOptions) {
    this.uid = pod.metadata.uid ?? ''
    this.#context = context
    this.#pod = pod
    this.#status = pod.status
    this.#verdict = options.verdict
    this.#options = options
    this.#events = new PodEvents(context.events, () => this.#pod)
    this.#volumes = new PodVolumes(context.volumes, pod, () => {
      // A container that waits for what was missing tries again at once.
      this.#failures = 0
      this.wake()
    })
    this.#resizer = new PodResizer(pod, { context, events: this.#events, refusal: options.refusal })
    this.#deadlines = new Deadlines(context.clock, this.#stop.signal)
    this.#loop = new WorkLoop({
      clock: context.clock,
      signal: this.#stop.signal,
      round: () => this.#round(),
      failed: error => this.#failed(error),
    })
    this.#containers = new ContainerRunner({
      context,
      pod: () => this.#pod,
      events: this.#events,
      volumes: this.#volumes,
      deadlines: this.#deadlines,
      resizer: this.#resizer,
      publish: () => this.#publish(),
    })
    this.#probes = new PodProbes({
      cri: context.cri,
      clock: context.clock,
      changed: () => this.wake(),
      complain: (...problem) => this.#events.unhealthy(...problem),
    })
  }

  get pod(): Pod {
    return this.#pod
  }

  /** The pod with what it is granted in place of what it asks for. */
  get granted(): Pod {
    return this.#resizer.granted(this.#pod)
  }

  /** What containers can be given, by the names of volumes. */
  get volumes(): ReadonlyMap<string, ReadyVolume> {
    return this.#volumes.ready
  }

  get probeCounts(): Iterable<ProbeCount> {
    return this.#probes.counts
  }

  /** Whether the pod could grow if others left. */
  get waitsForRoom(): boolean {
    return this.#resizer.isDeferred
  }

  get status(): PodStatus {
    return this.#status
  }

  /** Whether the pod still uses, or may use, the node's resources. */
  get isActive(): boolean {
    return !this.#released && !isTerminalPhase(this.#status.phase)
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    const before = this.#pod
    this.#pod = pod
    this.#context.statuses.seen(pod)
    this.#status = withForeignConditions(this.#status, pod.status)
    if (pod.metadata.deletionTimestamp) this.#endBy(pod)
    const { labels, annotations } = before.metadata
    if (!jsonEqual([labels, annotations], [pod.metadata.labels, pod.metadata.annotations])) this.#volumes.outdate()
    this.wake()
  }

  /** The pod's object is gone: it is to end, and nobody wants to hear of it. */
  vanish(last: Pod = this.#pod): void {
    this.#vanished = true
    this.#pod = last
    this.#context.statuses.forget(this.uid)
    this.#endBy(last)
    this.wake()
  }

  /** Ends the pod as failed. */
  condemn(verdict: Verdict): void {
    if (this.#verdict || isTerminalPhase(this.#status.phase)) return
    this.#verdict = verdict
    this.#endBy(this.#pod)
    this.wake()
  }

  /** Something may have changed. */
  wake(): void {
    if (this.#loop.wake()) this.#publish()
  }

  /** Stops looking after the pod, and leaves it as it is. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    const reason = new Error('the node agent stops')
    this.#stop.abort(reason)
    this.#run.abort(reason)
    // Nothing waits any longer for a server that does not answer.
    this.#context.statuses.forget(this.uid)
    this.#probes[Symbol.dispose]()
    this.#volumes[Symbol.dispose]()
    await this.#loop.idle()
  }

  #endBy(pod: Pod): void {
    const time = this.#context.clock.now() + podGracePeriod(pod, this.#verdict)
    this.#deadline?.moveUp(time)
    this.#deadlines.moveUp(time)
    this.#run.abort(new Error('the pod is to end'))
  }

  #failed(error: unknown): Again {
    // Cut off because the pod is to end: the next round sees to that.
    if (this.#run.signal.aborted && error === this.#run.signal.reason) {
      this.#run = new AbortController()
      return 'at once'
    }
    this.#events.record('Warning', 'FailedSync', `error syncing pod: ${errorText(error)}`)
    return this.#later()
  }

  /** The time to try again, the further off the more often it has failed. */
  #later(): number {
    return this.#context.clock.now() + Math.min(retryDelays.first * 2 ** this.#failures++, retryDelays.last)
  }

  #situation(): PodSituation {
    const { clock, view } = this.#context
    return {
      pod: this.#pod,
      status: this.#status,
      observed: view.get(this.uid),
      probes: this.#probes.outcomes,
      starting: this.#containers.starting,
      backOff: this.#containers.backOff,
      verdict: this.#verdict,
      resized: new Set(this.#pendingResizes().flatMap(({ mode, record }) => (mode === 'restart' ? [record.id] : []))),
      now: clock.now(),
    }
  }

  #pendingResizes(): readonly Resize[] {
    return this.#resizer.pending(this.#pod, this.#context.view.get(this.uid).containers)
  }

  #decide(situation: PodSituation): PodDecision {
    if (this.#vanished) return { kind: 'terminate' }
    const decision = decide(situation)
    // What the world has been told of must still be known when it is acted upon.
    if (decision.kind === 'terminate') this.#verdict ??= decision.verdict
    return decision
  }

  /** Looks, decides, acts. Answers when to look again if nothing happens before. */
  async #round(): Promise<Again> {
    const isOver = this.#vanished || this.#verdict || isTerminalPhase(this.#status.phase)
    if (!isOver && !this.#pod.metadata.deletionTimestamp)
      await this.#resizer.consider(this.#pod, this.#context.view.get(this.uid).containers)
    const decision = this.#decide(this.#situation())
    switch (decision.kind) {
      case 'terminate':
        return this.#terminate(decision.verdict)
      case 'replaceSandbox':
        return this.#replaceSandbox(decision)
      case 'converge':
        return this.#converge(decision)
    }
  }

  /** Tells the world what is known now, and has probed what runs now. */
  #publish(decision?: PodDecision): void {
    const { machine, statuses, features } = this.#context
    const situation = this.#situation()
    const { kind, ...rest } = decision ?? this.#decide(situation)
    const verdict = 'verdict' in rest ? rest.verdict : this.#verdict
    const { observed } = situation
    const { host, starting: busy } = this.#containers
    if (host) this.#probes.attend(this.#pod, observed, { host, ending: kind === 'terminate', busy })
    if (this.#vanished) return
    const crashLoops = 'crashLoops' in rest ? rest.crashLoops : []
    const waits = new Map(this.#containers.waits)
    for (const { container, delay } of crashLoops)
      waits.set(container.spec.name, crashLoopWait(this.#pod, container, delay))
    this.#status = podStatus({
      ...situation,
      // What has just been taken over from an earlier agent counts already.
      probes: this.#probes.outcomes,
      verdict,
      waits,
      settled: kind === 'terminate' && !isAlive(observed),
      hostIps: machine.hostIps,
      recursiveReadOnly: features().recursiveReadOnly,
      resources: { granted: name => this.#resizer.grants.get(name), has: record => this.#resizer.has(record) },
      resizing: kind === 'converge' ? this.#resizer.conditions(this.#pod, observed.containers) : [],
    })
    const object = isStaticPod(this.#pod) ? this.#options.reportTo() : this.#pod
    if (object) statuses.set(object, this.#status)
  }

  async #replaceSandbox({ attempt, replaces }: PodDecision & { kind: 'replaceSandbox' }): Promise<Again> {
    const { signal } = this.#run
    if (replaces) {
      this.#events.record('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      await this.#deadlines.within(podGracePeriod(this.#pod), deadline => this.#stopContainers(deadline))
      await stopSandboxes(this.#context, this.uid)
    }
    this.#publish()
    if (!(await this.#prepareVolumes())) return this.#later()
    signal.throwIfAborted()
    try {
      await createSandbox(this.#context, this.granted, attempt, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) throw error
      this.#events.record('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${errorText(error)}`)
      // An attempt whose answer was lost may have made it all the same, and its name would be taken for good.
      await this.#context.view.list()
      return this.#later()
    }
    this.#failures = 0
    this.#publish()
    return 'at once'
  }

  /** Answers whether all volumes are ready. */
  async #prepareVolumes(): Promise<boolean> {
    try {
      await this.#volumes.prepare(this.#pod)
      return true
    } catch (error) {
      if (!(error instanceof VolumesNotReady)) throw error
      this.#events.failedMounts(error)
      return false
    }
  }

  async #converge(decision: PodDecision & { kind: 'converge' }): Promise<Again> {
    const { kills, starts, crashLoops, sandboxId, wakeAt } = decision
    const { clock, view } = this.#context
    for (const { container } of crashLoops) this.#events.backOff(container)
    this.#publish(decision)
    const hadVolumes = await this.#prepareVolumes()
    const refresh = hadVolumes ? this.#volumes.renewAt : clock.now() + refreshDelay
    const room = this.#resizer.isDeferred ? clock.now() + refreshDelay : undefined
    const times = [wakeAt, refresh, room].filter(time => time !== undefined)
    await Promise.all(kills.map(kill => this.#containers.kill(kill)))
    const resizes = this.#pendingResizes()
    if (resizes.length > 0) {
      await this.#resizer.apply(this.#pod, resizes)
      this.#publish()
    }
    if (starts.length === 0) {
      this.#failures = 0
      return kills.length ? 'at once' : times.length ? Math.min(...times) : undefined
    }
    if (!hadVolumes) return this.#later()
    let failed = false
    for (const start of starts) {
      const sandbox = view.get(this.uid).sandboxes.find(({ id }) => id === sandboxId)
      if (!sandbox?.ready) return 'at once'
      const problem = await this.#containers.start(start, sandboxId, this.#run.signal)
      failed ||= problem !== undefined
      if (problem?.retryAt !== undefined) times.push(problem.retryAt)
      this.#publish()
    }
    await this.#containers.prune()
    if (!failed) return 'at once'
    return Math.min(...times, this.#later())
  }

  #stopContainers(deadline: Deadline): Promise<void> {
    return stopAll(this.#context, {
      pod: this.#pod,
      host: this.#containers.host,
      deadline,
      observed: () => this.#context.view.get(this.uid),
      report: name => this.#events.ofName(name),
    })
  }

  /** Ends the pod, gives back what it used, and, if it was deleted, has its object removed. */
  async #terminate(verdict: Verdict | undefined): Promise<undefined> {
    const { client, clock, statuses, cgroups } = this.#context
    this.#run = new AbortController()
    if (!this.#released) {
      if (!this.#deadline && verdict === deadlineExceeded)
        this.#events.record('Normal', verdict.reason, verdict.message)
      this.#deadline ??= new Deadline(clock.now() + podGracePeriod(this.#pod, verdict), this.#stop.signal)
      const decision: PodDecision = { kind: 'terminate', ...(verdict ? { verdict } : {}) }
      this.#publish(decision)
      await this.#stopContainers(this.#deadline)
      this.#publish(decision)
      await stopSandboxes(this.#context, this.uid)
      this.#probes[Symbol.dispose]()
      this.#publish(decision)
      await this.#volumes.tearDown()
      await cgroups.removePod(this.uid)
      this.#released = true
      this.#options.released()
    }
    this.#failures = 0
    if (this.#pod.metadata.deletionTimestamp && !this.#vanished) {
      this.#publish()
      await statuses.written(this.uid)
      if (!(await removePodObject(client, this.#pod))) this.#vanished = true
    }
    if (!this.#vanished) return undefined
    await removePodRemains(this.#context, this.#pod)
    this.#stop.abort()
    this.#options.finished()
    return undefined
  }
}
