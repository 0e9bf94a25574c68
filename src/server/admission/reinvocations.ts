import { jsonEqual } from '../../machinery/json-equal.js'
import type { AdmissionRequest } from './admission.js'

/**
 * Who changes a request's object is asked a second time if it wants that, and somebody else has changed the object since:
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy
 */
export class Reinvocations {
  #round = 0
  /** Asked since the object was last changed. */
  readonly #asked = new Set<string>()
  /** To be asked once more. */
  readonly #due = new Set<string>()
  #left: AdmissionRequest['object']

  /** Begins a round: what has happened to the object since the last one may have been anybody's doing. */
  begin({ object }: AdmissionRequest): void {
    if (++this.#round > 1 && this.#asked.size > 0 && !jsonEqual(object, this.#left)) this.#changed()
  }

  /** Whether it is asked: in the first round everybody is, later who is to be asked once more. */
  asks(id: string): boolean {
    return this.#round === 1 || this.#due.has(id)
  }

  /** It was asked; `changed` tells whether it has changed the object, `again` whether it wants to hear of later changes. */
  asked(request: AdmissionRequest, id: string, changed: boolean, again: boolean): void {
    if (changed) {
      this.#changed()
      request.again = true
    }
    if (again) this.#asked.add(id)
  }

  /** Ends a round. */
  end({ object }: AdmissionRequest): void {
    if (this.#asked.size > 0) this.#left = structuredClone(object)
  }

  #changed(): void {
    for (const id of this.#asked) this.#due.add(id)
    this.#asked.clear()
  }
}

/** Those of each request. */
export function reinvocationsByRequest(): (request: AdmissionRequest) => Reinvocations {
  const known = new WeakMap<AdmissionRequest, Reinvocations>()
  return request => {
    let found = known.get(request)
    if (!found) known.set(request, (found = new Reinvocations()))
    return found
  }
}
