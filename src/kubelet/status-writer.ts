import { Pod, type PodStatus } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { Clock } from '../machinery/clock.js'
import { jsonEqual } from '../machinery/json-equal.js'
import { isConflict, isNotFound } from '../machinery/status-error.js'
import { statusPatch } from './status-patch.js'

interface Entry {
  /** The newest the API server is known to hold. */
  stored: Pod
  wanted: PodStatus
  sending: boolean
  /** The status last written, and the version of the pod that then held it. */
  done: { readonly status: PodStatus; readonly version: string | undefined } | undefined
  failures: number
  /** Somebody removed the pod, or there is another one of its name: there is nothing to write to. */
  gone: boolean
  retry: Disposable | undefined
  readonly waiting: (() => void)[]
}

const retryDelays = { first: 500, last: 10_000 }

/**
 * Writes pods' statuses at once, one request at a time for each pod: what changes while a request is under way goes out
 * with the next one. Failed writes are repeated with the newest status.
 */
export class StatusWriter implements Disposable {
  readonly #entries = new Map<string, Entry>()
  #disposed = false

  constructor(
    readonly client: Client,
    readonly clock: Clock,
  ) {}

  /** What the API server holds, as the watch tells it. Old news is ignored. */
  seen(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid ?? '')
    if (entry && isNewer(pod, entry.stored)) entry.stored = pod
  }

  /** From now on this is the pod's status. */
  set(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata.uid ?? ''
    let entry = this.#entries.get(uid)
    if (!entry) {
      entry = {
        stored: pod,
        wanted: status,
        sending: false,
        done: undefined,
        failures: 0,
        gone: false,
        retry: undefined,
        waiting: [],
      }
      this.#entries.set(uid, entry)
    } else if (!jsonEqual(entry.wanted, status)) entry.wanted = status
    if (!entry.sending && !entry.retry && !this.#isDone(entry)) void this.#send(entry)
  }

  /** Resolves once the last status set has been written, or there is nothing to write it to. */
  async written(uid: string): Promise<void> {
    const entry = this.#entries.get(uid)
    if (!entry || this.#disposed || this.#isDone(entry)) return
    await new Promise<void>(resolve => entry.waiting.push(resolve))
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid)
    if (!entry) return
    this.#entries.delete(uid)
    entry.gone = true
    entry.retry?.[Symbol.dispose]()
    this.#settle(entry)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const uid of [...this.#entries.keys()]) this.forget(uid)
  }

  #isDone({ gone, sending, retry, done, wanted, stored }: Entry): boolean {
    return gone || (!sending && !retry && done?.status === wanted && done.version === stored.metadata.resourceVersion)
  }

  async #send(entry: Entry): Promise<void> {
    entry.sending = true
    try {
      while (!entry.gone) {
        const { wanted, stored } = entry
        const { metadata, status } = stored
        const patch = statusPatch(status, wanted)
        if (patch) {
          const body = { metadata: { uid: metadata.uid }, status: patch }
          const answer = await this.client.patch(Pod, metadata, { type: 'strategic', body }, { subresource: 'status' })
          this.#keep(entry, answer)
        }
        entry.failures = 0
        // The server may have its own mind about a field; asking again would not change it.
        entry.done = { status: wanted, version: entry.stored.metadata.resourceVersion }
        if (entry.wanted === wanted) break
      }
    } catch (error) {
      if (isConflict(error)) await this.#lookAgain(entry)
      else if (isNotFound(error)) entry.gone = true
      this.#retry(entry)
    } finally {
      entry.sending = false
      this.#settle(entry)
    }
  }

  #keep(entry: Entry, pod: Pod): void {
    if (pod.metadata.uid !== entry.stored.metadata.uid) entry.gone = true
    else if (isNewer(pod, entry.stored)) entry.stored = pod
  }

  /** A conflict: either another pod has the name by now, or others write to ours all the time. */
  async #lookAgain(entry: Entry): Promise<void> {
    try {
      this.#keep(entry, await this.client.get(Pod, entry.stored.metadata))
    } catch (error) {
      if (isNotFound(error)) entry.gone = true
    }
  }

  #retry(entry: Entry): void {
    if (entry.gone || this.#disposed) return
    const delay = Math.min(retryDelays.first * 2 ** entry.failures++, retryDelays.last)
    entry.retry = this.clock.after(delay, () => {
      entry.retry = undefined
      void this.#send(entry)
    })
  }

  #settle(entry: Entry): void {
    if (!entry.gone && (entry.retry || entry.sending)) return
    for (const resolve of entry.waiting.splice(0)) resolve()
  }
}

/** Versions of one object grow. */
function isNewer(pod: Pod, than: Pod): boolean {
  const [version, other] = [pod.metadata.resourceVersion ?? '', than.metadata.resourceVersion ?? '']
  return version.length === other.length ? version > other : version.length > other.length
}
