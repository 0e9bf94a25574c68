import type { Pod } from '../api/core/v1/index.js'
import { keyOf } from '../machinery/object.js'
import { admit, type NodeState, rejected, resizeRefusal } from './admission.js'
import type { Owner } from './container/labels.js'
import type { MirrorPods } from './mirror-pods.js'
import type { NodeContext } from './node-context.js'
import type { Verdict } from './pod-actions.js'
import { noRuntimeState, type PodRuntimeState } from './pod-runtime-state.js'
import { PodWorker } from './pod-worker.js'
import type { PodProbeCounts } from './serving/metrics-text.js'
import { isStaticPod, mirroredHash } from './static-pods.js'
import type { ReadyVolume } from './volumes/pod-volumes.js'

/** What admission of pods goes by. */
export interface NodeStateSource {
  readonly state: () => NodeState
  /** Asks the API server for what may have changed. */
  readonly refresh: () => Promise<void>
}

/** All pods of the node, one worker each. */
export class PodWorkers {
  readonly #context: NodeContext
  readonly #node: NodeStateSource
  /** Pods whose admission waits for news of the node; `asked` while it is being decided on. */
  readonly #undecided = new Map<string, Pod | 'asked'>()
  readonly #mirrors: MirrorPods
  readonly #workers = new Map<string, PodWorker>()
  /** The API server has said at least once which pods there are. */
  #known = false
  #stopped = false
  /** The pods that the node's own manifests ask for. */
  #statics: readonly Pod[] = []

  constructor(context: NodeContext, node: NodeStateSource, mirrors: MirrorPods) {
    this.#context = context
    this.#node = node
    this.#mirrors = mirrors
  }

  /** The pods as they are known here, with the status last found. */
  get pods(): readonly Pod[] {
    return [...this.#workers.values()].map(({ pod, status }) => ({ ...pod, status }))
  }

  /** The volumes of a pod that are ready, by their names. */
  volumesOf(uid: string): ReadonlyMap<string, ReadyVolume> {
    return this.#workers.get(uid)?.volumes ?? new Map()
  }

  /** How often probes came to which result, pod by pod. */
  get probeCounts(): readonly PodProbeCounts[] {
    return [...this.#workers.values()].map(({ pod, probeCounts }) => ({ pod, counts: [...probeCounts] }))
  }

  /** The pods that use the node's resources, with what they are granted. */
  get active(): readonly Pod[] {
    return [...this.#workers.values()].filter(({ isActive }) => isActive).map(({ granted }) => granted)
  }

  /** Whether the API server has said which pods there are. */
  get hasBegun(): boolean {
    return this.#known
  }

  /** Whether there is, or was until a moment ago, such a pod. */
  knows(uid: string): boolean {
    return this.#workers.has(uid) || this.#context.view.get(uid) !== noRuntimeState
  }

  /** The pods that the API server has for this node, the first time it says so. */
  begin(pods: readonly Pod[]): void {
    // Pods that have been here before go first: what they use is taken.
    const started = (pod: Pod) => (pod.status.startTime ? 0 : 1)
    for (const pod of [...pods].sort((a, b) => started(a) - started(b))) this.set(pod)
    this.#known = true
    this.adoptOrphans()
  }

  /** A pod as the API server has it now. */
  set(pod: Pod): void {
    if (this.#stopped) return
    if (mirroredHash(pod) !== undefined) {
      this.#context.statuses.seen(pod)
      this.wake(this.#mirrors.set(pod) ?? '')
      return
    }
    const worker = this.#workers.get(pod.metadata.uid ?? '')
    if (worker) {
      worker.update(pod)
      return
    }
    const isNew = !pod.status.startTime && !pod.metadata.deletionTimestamp
    const verdict = isNew ? admit(pod, this.active, this.#node.state()) : undefined
    if (verdict?.reason === 'NodeAffinity' && this.#reconsider(pod)) return
    if (verdict) this.#context.events.record(pod, 'Warning', verdict.reason, verdict.message.slice(rejected.length))
    this.#add(pod, verdict).wake()
  }

  /** The node may have got the labels that a pod insists on only now. Answers whether that is being found out. */
  #reconsider(pod: Pod): boolean {
    const uid = pod.metadata.uid ?? ''
    const isAsking = this.#undecided.has(uid)
    if (isAsking && this.#undecided.get(uid) === 'asked') return false
    this.#undecided.set(uid, pod)
    if (isAsking) return true
    const decide = () => {
      const newest = this.#undecided.get(uid)
      if (!newest || newest === 'asked') return
      this.#undecided.set(uid, 'asked')
      this.set(newest)
      this.#undecided.delete(uid)
    }
    this.#node.refresh().then(decide, decide)
    return true
  }

  /** A pod whose object is gone, as it was last. */
  gone(pod: Pod): void {
    if (mirroredHash(pod) !== undefined) {
      this.#context.statuses.forget(pod.metadata.uid ?? '')
      this.#mirrors.gone(pod)
      return
    }
    this.#undecided.delete(pod.metadata.uid ?? '')
    this.#workers.get(pod.metadata.uid ?? '')?.vanish(pod)
  }

  /** The pods that the node's own manifests ask for now. */
  setStatics(pods: readonly Pod[]): void {
    if (this.#stopped) return
    this.#mirrors.setStatics(pods)
    const wanted = new Set(pods.map(({ metadata }) => metadata.uid))
    for (const [uid, worker] of this.#workers) if (isStaticPod(worker.pod) && !wanted.has(uid)) worker.vanish()
    this.#statics = pods
    this.#startStatics()
  }

  /** A static pod takes the place of one of its name only when nothing of that is left. */
  #startStatics(): void {
    const taken = new Set([...this.#workers.values()].map(({ pod }) => keyOf(pod.metadata)))
    for (const pod of this.#statics)
      if (!taken.has(keyOf(pod.metadata)))
        this.#add({ ...pod, status: this.#mirrors.of(pod)?.status ?? pod.status }, undefined).wake()
  }

  /** Something about a pod is no longer as it was. */
  wake(uid: string): void {
    this.#workers.get(uid)?.wake()
  }

  /** Ends what the runtime still holds of pods that no longer exist. */
  adoptOrphans(): void {
    if (!this.#known || this.#stopped) return
    for (const owner of this.#context.view.owners)
      if (!this.#workers.has(owner.uid))
        this.#add(remains(owner, this.#context.view.get(owner.uid)), undefined).vanish()
  }

  /** Ends a pod as failed. */
  condemn(uid: string, verdict: Verdict): void {
    this.#workers.get(uid)?.condemn(verdict)
  }

  /** Stops looking after pods; they go on running. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#workers.values()].map(worker => worker.stop()))
  }

  #add(pod: Pod, verdict: Verdict | undefined): PodWorker {
    const uid = pod.metadata.uid ?? ''
    const worker = new PodWorker(this.#context, pod, {
      verdict,
      reportTo: () => (isStaticPod(pod) ? this.#mirrors.of(pod) : undefined),
      refusal: grown => resizeRefusal(grown, this.active, this.#node.state()),
      released: () => {
        // There may be room now for those that wait for it.
        for (const other of this.#workers.values()) if (other.waitsForRoom) other.wake()
      },
      finished: () => {
        if (this.#workers.get(uid) === worker) this.#workers.delete(uid)
        if (!this.#stopped) this.#startStatics()
      },
    })
    this.#workers.set(uid, worker)
    return worker
  }
}

/** All that is known of a pod whose object is gone. */
function remains({ uid, namespace, name }: Owner, { containers }: PodRuntimeState): Pod {
  const promised = containers.flatMap(({ gracePeriod }) => gracePeriod ?? [])
  const terminationGracePeriodSeconds = Math.max(0, ...promised)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { uid, namespace, name },
    spec: { containers: [], terminationGracePeriodSeconds },
    status: {},
  }
}
