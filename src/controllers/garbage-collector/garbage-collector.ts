import { setMaxListeners } from 'node:events'
import type { Client } from '../../client/client.js'
import type { EventRecorder } from '../../client/events.js'
import { Informers } from '../../client/informers.js'
import { WorkQueue, type WorkQueueMetrics } from '../../client/work-queue.js'
import { type Clock, systemClock } from '../../machinery/clock.js'
import type { OwnerReference } from '../../machinery/meta/index.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'
import { decide, type Verdict } from './decide.js'
import { awaitsDependents, foregroundFinalizer, orphanFinalizer, orphansDependents } from './deletion-state.js'
import { blocks, DependencyGraph, type GraphNode, type Looks, refersTo } from './dependency-graph.js'
import { InvalidOwners } from './invalid-owners.js'
import { Monitors } from './monitors.js'
import { finalizersWithout, fresh, ownersReduced, ownersUnblocked, ownersWithout, patchObject } from './object-patch.js'
import { OwnerLookup, UnknownKindError } from './owner-lookup.js'
import { unseenDependents } from './unseen-dependents.js'

export interface GarbageCollectorOptions {
  readonly client: Client
  /** Shared with whoever else watches in this process; made, and disposed of, when absent. */
  readonly informers?: Informers
  /** Where warnings about impossible owners go: a recorder for the source `garbage-collector-controller`. */
  readonly events?: EventRecorder
  readonly clock?: Clock
  readonly random?: () => number
  /** Objects worked on at the same time; 20 by default. */
  readonly concurrency?: number
  /** Ends the collector, like disposing of it. */
  readonly signal?: AbortSignal
  readonly onError?: (error: unknown) => void
  readonly metrics?: WorkQueueMetrics
}

export interface GarbageCollector extends AsyncDisposable {
  /** Resolves once the collector knows what there is and works. Rejects if it is stopped before. */
  readonly ready: Promise<void>
  /** Nothing is being worked on or about to be; what is to be tried again later does not count. */
  readonly idle: boolean
  /** Looks now, not within half a minute, for kinds that are served since. */
  refresh(): Promise<void>
}

/** Kinds that cannot be had are waited for so long, in ms, before the work begins. */
const syncPatience = 30_000
/** Dependents that are orphaned at the same time. */
const orphansAtOnce = 20
const maximumTries = 3

/**
 * Deletes what no living object owns any more, and sees deletions in the foreground and with orphans through:
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/. It follows every object of every kind, which is why
 * it is no `Controller`. What it does depends on nothing but what it can see: it may be killed at any time.
 *
 * Nothing is deleted on the word of a cache: every owner has been asked for and found missing, by uid, and the object is
 * deleted only in the version that was looked at.
 */
export function startGarbageCollector(options: GarbageCollectorOptions): GarbageCollector {
  return new Collector(options)
}

class Collector implements GarbageCollector {
  readonly ready: Promise<void>
  readonly #graph = new DependencyGraph()
  readonly #stopping = new AbortController()
  readonly #client: Client
  readonly #informers: Informers
  readonly #queue: WorkQueue
  readonly #monitors: Monitors
  readonly #owners: OwnerLookup
  readonly #invalid: InvalidOwners
  readonly #onError: (error: unknown) => void
  /** What waits for a kind to be served. */
  readonly #stuck = new Set<string>()
  #disposed: Promise<void> | undefined

  constructor(private readonly options: GarbageCollectorOptions) {
    const { client, clock = systemClock, concurrency = 20, random, metrics, signal } = options
    this.#client = client
    // Every request in flight listens to it.
    setMaxListeners(0, this.#stopping.signal)
    this.#onError = options.onError ?? (error => console.error(`garbage collector: ${String(error)}`))
    this.#informers = options.informers ?? new Informers({ client, clock, onError: this.#onError })
    this.#invalid = new InvalidOwners(options.events)
    this.#monitors = new Monitors({
      client,
      informers: this.#informers,
      clock,
      onPut: (kind, { metadata }) => this.#look(this.#graph.put({ kind, metadata })),
      onRemove: ({ metadata }) => this.#look(this.#graph.remove(metadata.uid ?? '')),
      onForget: (kind, objects) => {
        for (const { metadata } of objects)
          if (this.#graph.get(metadata.uid ?? '')?.kind === kind) this.#look(this.#graph.forget(metadata.uid ?? ''))
      },
      onKinds: () => {
        for (const key of this.#stuck) this.#queue.add(key)
        this.#stuck.clear()
      },
      onError: this.#onError,
    })
    this.#owners = new OwnerLookup(
      client,
      (apiVersion, kind) => this.#monitors.kindOf(apiVersion, kind),
      this.#stopping.signal,
    )
    this.#queue = new WorkQueue({
      work: key => this.#work(key),
      concurrency,
      clock,
      ...(random ? { random } : {}),
      ...(metrics ? { metrics } : {}),
    })
    this.ready = this.#start()
    // Whoever does not wait for it need not hear that it was stopped.
    this.ready.catch(() => {})
    const end = () => void this[Symbol.asyncDispose]()
    signal?.addEventListener('abort', end, { once: true })
    this.#stopping.signal.addEventListener('abort', () => signal?.removeEventListener('abort', end), { once: true })
    if (signal?.aborted) end()
  }

  get idle(): boolean {
    return this.#queue.idle
  }

  refresh(): Promise<void> {
    return this.#monitors.refresh()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#stop())
  }

  async #start(): Promise<void> {
    await this.#monitors.start()
    // An owner must not be let go while its dependents are only about to become known.
    await this.#monitors.synced(syncPatience)
    this.#stopping.signal.throwIfAborted()
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    await this.#monitors[Symbol.asyncDispose]()
    await this.#queue[Symbol.asyncDispose]()
    if (!this.options.informers) await this.#informers[Symbol.asyncDispose]()
  }

  #look({ objects, owners }: Looks): void {
    for (const uid of objects) this.#queue.add(`object ${uid}`)
    for (const uid of owners) this.#queue.add(`owner ${uid}`)
  }

  async #work(key: string): Promise<void> {
    const [what, uid = ''] = key.split(' ')
    try {
      await this.ready
      const again = what === 'owner' ? await this.#lookForOwner(uid) : await this.#lookAt(uid)
      if (again) this.#queue.retry(key)
      else this.#queue.forget(key)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      if (error instanceof UnknownKindError) {
        this.#stuck.add(key)
        this.#queue.forget(key)
        return
      }
      this.#queue.retry(key)
      if (!isConflict(error)) this.#onError(error)
    }
  }

  /** An owner that has not been seen: perhaps it never was, perhaps it is about to be. True to look again. */
  async #lookForOwner(uid: string): Promise<boolean> {
    if (this.#graph.get(uid)) return false
    let exists = false
    let unknown: UnknownKindError | undefined
    for (const dependent of this.#graph.dependentsOf(uid))
      for (const reference of dependent.metadata.ownerReferences ?? []) {
        if (reference.uid !== uid) continue
        try {
          const verdict = await this.#verdict(reference, dependent)
          if (verdict === 'solid') exists = true
          else this.#queue.add(`object ${dependent.metadata.uid}`)
        } catch (error) {
          if (!(error instanceof UnknownKindError)) throw error
          unknown = error
        }
      }
    if (unknown && !exists) throw unknown
    return exists && !this.#graph.get(uid)
  }

  async #lookAt(uid: string): Promise<boolean> {
    const node = this.#graph.get(uid)
    if (!node) return false
    const { metadata } = node
    if (orphansDependents(metadata)) await this.#orphanDependents(node, uid)
    else if (awaitsDependents(metadata)) await this.#letGoWhenAlone(node, uid)
    else if (!metadata.deletionTimestamp) await this.#collect(node, uid)
    return false
  }

  /** Deletes an object that has lost all of its owners, or takes those away from it that it has lost. */
  async #collect(seen: GraphNode, uid: string): Promise<void> {
    const { signal } = this.#stopping
    let node = seen
    for (let tries = 1; ; tries++) {
      const { kind, metadata } = node
      if (metadata.deletionTimestamp) return
      const current = node
      const verdicts = await Promise.all(
        (metadata.ownerReferences ?? []).map(reference => this.#verdict(reference, current)),
      )
      const dependents = this.#graph.dependentsOf(uid)
      const decision = decide(
        metadata,
        verdicts,
        dependents.map(dependent => dependent.metadata),
      )
      try {
        switch (decision.type) {
          case 'leave':
            return
          case 'keep-owners':
            await this.#client.patch(kind, metadata, ownersReduced(metadata, decision.owners), {
              fieldManager: 'kube-controller-manager',
              signal,
            })
            return
          case 'delete': {
            const target = decision.unblock ? await patchObject(this.#client, node, ownersUnblocked, signal) : node
            if (!target) return
            const { resourceVersion } = target.metadata
            await this.#client.delete(kind, metadata, {
              propagationPolicy: decision.policy,
              preconditions: { uid, ...(resourceVersion ? { resourceVersion } : {}) },
              signal,
            })
            return
          }
        }
      } catch (error) {
        if (isNotFound(error)) return
        if (!isConflict(error) || tries >= maximumTries) throw error
        // The cache is behind: think again about the object as it is.
        const newer = await fresh(this.#client, node, signal)
        if (!newer) return
        node = newer
      }
    }
  }

  /** An owner deleted in the foreground goes once nothing blocks it; whatever changes that brings it here again. */
  async #letGoWhenAlone(node: GraphNode, uid: string): Promise<void> {
    if (this.#graph.dependentsOf(uid).some(dependent => blocks(dependent, uid))) return
    await patchObject(
      this.#client,
      node,
      metadata => finalizersWithout(metadata, foregroundFinalizer),
      this.#stopping.signal,
    )
  }

  /** Makes the dependents of an owner forget it, then lets it go. */
  async #orphanDependents(node: GraphNode, uid: string): Promise<void> {
    const { signal } = this.#stopping
    // One that the caches do not show yet would be deleted for want of its owner.
    const unseen = await unseenDependents(this.#client, this.#monitors.kinds, node, signal)
    const dependents = new Map(
      [...unseen, ...this.#graph.dependentsOf(uid)].map(dependent => [dependent.metadata.uid, dependent]),
    )
    const waiting = [...dependents.values()]
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop())
        await patchObject(this.#client, next, metadata => ownersWithout(metadata, uid), signal)
    }
    await Promise.all(Array.from({ length: Math.min(orphansAtOnce, waiting.length) }, worker))
    await patchObject(this.#client, node, metadata => finalizersWithout(metadata, orphanFinalizer), signal)
  }

  /** What became of an owner. That it is there may come from the cache; that it is not is asked for. */
  async #verdict(reference: OwnerReference, dependent: GraphNode): Promise<Verdict> {
    const seen = this.#graph.get(reference.uid)
    if (seen) {
      if (refersTo(reference, dependent, seen)) {
        if (!awaitsDependents(seen.metadata)) return 'solid'
      } else if (seen.metadata.namespace && seen.metadata.namespace !== dependent.metadata.namespace)
        this.#invalid.report(dependent, reference)
    }
    const verdict = await this.#owners.verdict(reference, dependent.metadata)
    if (verdict === 'unresolvable') this.#invalid.report(dependent, reference)
    return verdict
  }
}
