import { type Node, Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import { type Clock, rfc3339, systemClock } from '../machinery/clock.js'
import { isNotFound } from '../machinery/status-error.js'
import { type Choice, chooseNode } from './choose-node.js'
import { ClusterState } from './cluster-state.js'
import type { SchedulerPlugin } from './framework.js'
import { defaultPlugins } from './plugins/index.js'
import { preemptionOutcome } from './preemption-outcome.js'
import { SchedulingQueue } from './scheduling-queue.js'
import type { Surroundings } from './surroundings.js'

export interface SchedulerOptions {
  readonly client: Client
  readonly events: EventRecorder
  /** Pods that name another scheduler are left alone. */
  readonly name?: string
  /** Namespaces and workloads; without them, those with no labels and none. */
  readonly surroundings?: Surroundings
  readonly plugins?: readonly SchedulerPlugin[]
  readonly clock?: Clock
  readonly random?: () => number
  readonly onError: (error: unknown) => void
}

/** Attempts made in one go before others on the event loop get their turn. */
const burst = 64

/**
 * Gives pods their nodes. It is told of pods and nodes (`podChanged`, `nodeChanged`), decides on its own picture of the
 * cluster, and writes bindings side by side: the next pod is placed while the last one's binding is on its way.
 */
export class Scheduler implements Disposable {
  readonly #state: ClusterState
  readonly #queue: SchedulingQueue
  readonly #options: Required<Omit<SchedulerOptions, 'surroundings'>>
  #scheduled = false
  #disposed = false
  /** Where the next search of nodes begins. */
  #start = 0
  /** Pods on nodes have changed in what affinity and spreading look at. */
  #relationsChanged = false

  constructor(options: SchedulerOptions) {
    this.#options = {
      name: 'default-scheduler',
      plugins: defaultPlugins,
      clock: systemClock,
      random: Math.random,
      ...options,
    }
    this.#state = new ClusterState(options.surroundings)
    this.#queue = new SchedulingQueue(this.#options.clock, () => this.#wake())
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#queue.dispose()
  }

  /** A pod has come, changed, or (`pod` undefined) gone. */
  podChanged(pod: Pod | undefined, old: Pod | undefined): void {
    const uid = pod?.metadata.uid ?? old?.metadata.uid ?? ''
    if (pod && !isFinished(pod)) {
      if (pod.spec.nodeName) {
        this.#queue.remove(uid)
        this.#state.setPod(pod)
        if (!old?.spec.nodeName || relationsDiffer(pod, old)) this.#wakeRelated()
      } else if (pod.spec.schedulerName === this.#options.name && !pod.metadata.deletionTimestamp) {
        if (!this.#state.isAssumed(uid)) this.#queue.offer(pod, this.#gateOf(pod))
      } else this.#queue.remove(uid)
      return
    }
    this.#queue.remove(uid)
    this.#state.removePod(uid)
    // What it took is free now.
    if (old?.spec.nodeName) this.#queue.wake()
  }

  /** A node has come, changed, or (`node` undefined) gone. */
  nodeChanged(node: Node | undefined, old: Node | undefined): void {
    if (!node) {
      this.#state.removeNode(old?.metadata.name ?? '')
      return
    }
    this.#state.setNode(node)
    if (!old || mayHelp(node, old)) this.#queue.wake()
  }

  /** The labels of a namespace have changed. */
  namespaceChanged(): void {
    this.#state.namespaceChanged()
    this.#wakeRelated()
  }

  /** A claim, a volume or a storage class has come, changed or gone. */
  volumesChanged(): void {
    this.#queue.wake(hasClaims)
  }

  /** Pods waiting, by where they are in the queue. */
  get pending(): { readonly [place: string]: number } {
    return this.#queue.counts()
  }

  #gateOf(pod: Pod): string | undefined {
    for (const { preEnqueue } of this.#options.plugins) {
      const gate = preEnqueue?.(pod)
      if (gate) return gate
    }
    return undefined
  }

  /** Tries pods again that look at other pods; once for all changes that come together. */
  #wakeRelated(): void {
    if (this.#relationsChanged) return
    this.#relationsChanged = true
    this.#wake()
  }

  #wake(): void {
    if (this.#scheduled || this.#disposed) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
    })
  }

  #work(): void {
    if (this.#relationsChanged && !this.#disposed) {
      this.#relationsChanged = false
      this.#queue.wake(looksAtPods)
    }
    for (let i = 0; i < burst && !this.#disposed; i++) {
      const pod = this.#queue.take()
      if (!pod) return
      this.#schedule(pod)
    }
    this.#wake()
  }

  #schedule(pod: Pod): void {
    const { plugins, random, onError } = this.#options
    const uid = pod.metadata.uid ?? ''
    let choice: Choice
    try {
      choice = chooseNode(pod, this.#state, plugins, { start: this.#start, random })
    } catch (error) {
      // A plugin that throws must not take the scheduler with it.
      onError(error)
      this.#queue.retry(uid)
      return
    }
    if (choice.node === undefined) {
      this.#queue.unschedulable(uid)
      const outcome = preemptionOutcome(pod, this.#state, choice.rejections)
      const known = this.#state.nodes.length > 0 && outcome
      this.#tellUnschedulable(pod, known ? `${choice.message} ${outcome}` : choice.message)
      return
    }
    this.#start = (this.#start + choice.evaluated) % Math.max(1, this.#state.nodes.length)
    this.#state.assume(pod, choice.node)
    void this.#bind(pod, choice.node)
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    const { client, events } = this.#options
    const { name = '', namespace = '', uid = '' } = pod.metadata
    try {
      await client.post(Pod, pod.metadata, 'binding', {
        kind: 'Binding',
        apiVersion: 'v1',
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: node },
      })
      events.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`)
    } catch (error) {
      this.#state.forget(uid)
      if (this.#disposed) return
      if (isNotFound(error)) this.#queue.remove(uid)
      else {
        events.record(pod, 'Warning', 'FailedScheduling', `binding rejected: ${(error as Error).message}`)
        this.#queue.retry(uid)
      }
      this.#queue.wake()
    }
  }

  #tellUnschedulable(pod: Pod, message: string): void {
    const { client, events, clock, onError } = this.#options
    events.record(pod, 'Warning', 'FailedScheduling', message)
    const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
    if (known?.status === 'False' && known.message === message) return
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastProbeTime: null,
      lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : rfc3339(clock.now()),
    }
    client
      .patch(
        Pod,
        pod.metadata,
        { type: 'strategic', body: { status: { conditions: [condition] } } },
        { subresource: 'status' },
      )
      .catch(error => {
        if (!isNotFound(error)) onError(error)
      })
  }
}

const isFinished = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'

const hasClaims = ({ spec }: Pod): boolean =>
  spec.volumes?.some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim || ephemeral) ?? false

/** Whether where other pods are decides on a pod. */
const looksAtPods = ({ spec }: Pod): boolean =>
  spec.affinity?.podAffinity !== undefined ||
  spec.affinity?.podAntiAffinity !== undefined ||
  (spec.topologySpreadConstraints?.length ?? 0) > 0

const relationsDiffer = ({ metadata }: Pod, { metadata: old }: Pod): boolean =>
  metadata.deletionTimestamp !== old.deletionTimestamp ||
  (metadata.labels !== old.labels && JSON.stringify(metadata.labels) !== JSON.stringify(old.labels))

/** Heartbeats change nothing for pods that wait. */
function mayHelp(node: Node, old: Node): boolean {
  const relevant = ({ spec, metadata, status }: Node) =>
    JSON.stringify([
      spec,
      metadata.labels,
      status.allocatable,
      status.conditions?.map(({ type, status }) => [type, status]),
    ])
  return relevant(node) !== relevant(old)
}
