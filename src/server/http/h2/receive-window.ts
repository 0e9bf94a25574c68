/** How much the peer may send: https://www.rfc-editor.org/rfc/rfc9113#section-5.2. All in bytes. */
export class ReceiveWindow {
  #left: number
  #owed = 0

  constructor(private readonly size: number) {
    this.#left = size
  }

  /** False if the peer sends more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes
    return this.#left >= 0
  }

  /** Bytes have been read. Answers by how much the peer is to be told that it may send more: in large steps. */
  give(bytes: number): number {
    this.#owed += bytes
    if (this.#owed * 2 < this.size) return 0
    const increment = this.#owed
    this.#left += increment
    this.#owed = 0
    return increment
  }
}
