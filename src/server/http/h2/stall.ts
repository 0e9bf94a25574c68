/** Notices what does not move: something that only ever grows is looked at from time to time. */
export class Stall {
  #value = -1
  #since = 0

  /** For how many milliseconds the value has been what it is. */
  look(value: number, nowMs: number): number {
    if (value !== this.#value) {
      this.#value = value
      this.#since = nowMs
    }
    return nowMs - this.#since
  }
}
