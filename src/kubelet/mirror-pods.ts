import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { keyOf } from '../machinery/object.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import { mirroredHash, mirrorPod, staticHash } from './static-pods.js'

/** Keeps a pod in the API server for each static pod of the node, so that it can be seen there. */
export class MirrorPods {
  readonly #mirrors = new Map<string, Pod>()
  readonly #statics = new Map<string, Pod>()
  readonly #busy = new Set<string>()

  constructor(
    readonly client: Client,
    /** Uid of the node's object, which owns mirrors. */
    readonly nodeUid: () => string | undefined,
    readonly onError: (error: unknown) => void,
  ) {}

  /** The object in the API server that stands for a static pod. */
  of(pod: Pod): Pod | undefined {
    const mirror = this.#mirrors.get(keyOf(pod.metadata))
    return mirror && mirroredHash(mirror) === staticHash(pod) ? mirror : undefined
  }

  /** The static pods there are now. */
  setStatics(pods: readonly Pod[]): void {
    this.#statics.clear()
    for (const pod of pods) this.#statics.set(keyOf(pod.metadata), pod)
    for (const key of new Set([...this.#statics.keys(), ...this.#mirrors.keys()])) this.#settle(key)
  }

  /** A mirror as the API server has it now. Answers the uid of the pod it stands for. */
  set(mirror: Pod): string | undefined {
    this.#mirrors.set(keyOf(mirror.metadata), mirror)
    this.#settle(keyOf(mirror.metadata))
    return mirroredHash(mirror)
  }

  gone(mirror: Pod): void {
    const key = keyOf(mirror.metadata)
    if (this.#mirrors.get(key)?.metadata.uid === mirror.metadata.uid) this.#mirrors.delete(key)
    this.#settle(key)
  }

  /** Makes a mirror where one is missing, and removes one that stands for nothing. */
  #settle(key: string): void {
    const pod = this.#statics.get(key)
    const mirror = this.#mirrors.get(key)
    const isGood = pod && mirror && mirroredHash(mirror) === staticHash(pod) && !mirror.metadata.deletionTimestamp
    if (isGood || (!pod && !mirror) || this.#busy.has(key)) return
    this.#busy.add(key)
    this.#act(pod, mirror)
      .catch(this.onError)
      .finally(() => this.#busy.delete(key))
  }

  async #act(pod: Pod | undefined, mirror: Pod | undefined): Promise<void> {
    if (mirror) {
      const { uid } = mirror.metadata
      const options = { gracePeriodSeconds: 0, ...(uid ? { preconditions: { uid } } : {}) }
      await this.client.delete(Pod, mirror.metadata, options).catch(error => {
        if (!isNotFound(error)) throw error
      })
    } else if (pod)
      await this.client.create(Pod, mirrorPod(pod, this.nodeUid())).catch(error => {
        if (!isAlreadyExists(error)) throw error
      })
  }
}
