import type { Client } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import type { ObjectMeta, OwnerReference } from '../../machinery/meta/index.js'
import { StatusError } from '../../machinery/status-error.js'
import type { Verdict } from './decide.js'
import { awaitsDependents } from './deletion-state.js'

/** An owner's kind is not served; nothing can be said of it until it is. */
export class UnknownKindError extends Error {
  constructor({ apiVersion, kind }: OwnerReference) {
    super(`no server for kind ${kind} of ${apiVersion}`)
    this.name = 'UnknownKindError'
  }
}

const remembered = 10_000

/** Asks the server whether owners are there. What is absent stays so, as no uid is used twice, and is remembered. */
export class OwnerLookup {
  readonly #absent = new Set<string>()
  readonly #asking = new Map<string, Promise<Verdict>>()

  constructor(
    private readonly client: Client,
    private readonly kindOf: (apiVersion: string, kind: string) => AnyKind | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * What became of an owner of `dependent`. Throws `UnknownKindError`, or a `StatusError` when the server does not say
   * clearly that there is no such object.
   */
  verdict(reference: OwnerReference, dependent: ObjectMeta): Promise<Verdict> {
    const kind = this.kindOf(reference.apiVersion, reference.kind)
    if (!kind) return Promise.reject(new UnknownKindError(reference))
    const { namespace } = dependent
    // Which namespace would it be in?
    if (kind.namespaced && !namespace) return Promise.resolve('unresolvable')
    const { apiVersion, name, uid } = reference
    const key = JSON.stringify([apiVersion, reference.kind, kind.namespaced ? namespace : '', name, uid])
    if (this.#absent.has(key)) return Promise.resolve('absent')
    let asking = this.#asking.get(key)
    if (!asking) {
      asking = this.#ask(kind, reference, namespace).then(verdict => {
        if (verdict === 'absent') this.#remember(key)
        return verdict
      })
      this.#asking.set(key, asking)
      const done = () => void this.#asking.delete(key)
      asking.then(done, done)
    }
    return asking
  }

  async #ask(kind: AnyKind, { name, uid }: OwnerReference, namespace: string | undefined): Promise<Verdict> {
    const ref = { name, ...(kind.namespaced && namespace ? { namespace } : {}) }
    try {
      const { metadata } = await this.client.get(kind, ref, { signal: this.signal })
      if (metadata.uid !== uid) return 'absent'
      return awaitsDependents(metadata) ? 'waiting' : 'solid'
    } catch (error) {
      // A 404 of something else (a resource that is not served for the moment, a proxy) says nothing of the object.
      if (error instanceof StatusError && error.code === 404 && error.details?.name === name) return 'absent'
      throw error
    }
  }

  #remember(key: string): void {
    this.#absent.add(key)
    if (this.#absent.size <= remembered) return
    const [oldest] = this.#absent
    if (oldest !== undefined) this.#absent.delete(oldest)
  }
}
