import type { Pod } from '../api/core/v1/index.js'
import type { AttemptObserver } from './attempt-observer.js'
import type { SchedulingCycle, Snapshot } from './framework.js'
import type { Profile } from './profile.js'
import type { TakenPod } from './scheduling-queue.js'

/** One pod's way from the queue to a node. */
export class SchedulingAttempt implements SchedulingCycle {
  readonly pod: Pod
  readonly uid: string
  /** When it began, in ms of `performance.now`. */
  readonly began = performance.now()
  #controller: AbortController | undefined
  #reason: Error | string | undefined

  constructor(
    readonly taken: TakenPod,
    readonly profile: Profile,
    readonly snapshot: Snapshot,
    /** Absent where nothing is measured. */
    readonly observer?: AttemptObserver,
  ) {
    this.pod = taken.pod
    this.uid = taken.pod.metadata.uid ?? ''
  }

  /** Made when it is first asked for: most attempts do not need one. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.aborted)
    }
    return this.#controller.signal
  }

  /** Why it was ended; undefined if it was not. */
  get aborted(): Error | undefined {
    // Made when it is asked for: the news of nearly every binding comes before its answer, and errors are dear.
    if (typeof this.#reason === 'string') this.#reason = new Error(this.#reason)
    return this.#reason
  }

  /** Ends what waits for the pod; it is rejected for this reason. */
  abort(reason: Error | string): void {
    this.#reason ??= reason
    this.#controller?.abort(this.aborted)
  }
}
