import type { ByteFeed, ResponseBody } from '../../../machinery/http.js'

/** Bytes of an answer, taken as fast as the client reads. */
export type ByteSource = Pick<ByteFeed, 'ended' | 'take' | 'whenReady' | 'close'>

/** The bytes of a body. Throws for one that cannot be sent. */
export function byteSource(body: ResponseBody): ByteSource {
  if (body.kind === 'bytes') return new Pieces(body.chunks)
  if (body.kind !== 'stream') throw new Error(`a ${body.kind} answer cannot be sent over HTTP`)
  return 'whenReady' in body.chunks ? body.chunks : new Iterated(body.chunks)
}

class Pieces implements ByteSource {
  #next = 0

  constructor(private readonly pieces: readonly Uint8Array[]) {}

  get ended(): boolean {
    return this.#next >= this.pieces.length
  }

  take(): Uint8Array | undefined {
    return this.pieces[this.#next++]
  }

  whenReady(action: () => void): void {
    queueMicrotask(action)
  }

  close(): void {
    this.#next = this.pieces.length
  }
}

/** Fetches a piece when the one before has been taken. */
class Iterated implements ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>
  #piece: Uint8Array | undefined
  #fault: { readonly error: unknown } | undefined
  #ended = false
  #fetching = false
  #ready: (() => void) | undefined

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#iterator = pieces[Symbol.asyncIterator]()
  }

  get ended(): boolean {
    return this.#ended && !this.#piece && !this.#fault
  }

  /** Throws what the iteration has thrown. */
  take(): Uint8Array | undefined {
    const { error } = this.#fault ?? {}
    if (this.#fault) {
      this.#fault = undefined
      throw error
    }
    const piece = this.#piece
    this.#piece = undefined
    return piece
  }

  whenReady(action: () => void): void {
    if (this.#piece || this.#ended) {
      queueMicrotask(action)
      return
    }
    this.#ready = action
    if (this.#fetching) return
    this.#fetching = true
    this.#iterator.next().then(
      ({ done, value }) => this.#fetched(done === true, value),
      error => {
        if (!this.#ended) this.#fault = { error }
        this.#fetched(true)
      },
    )
  }

  close(): void {
    this.#ready = undefined
    if (this.#ended) return
    this.#ended = true
    this.#piece = undefined
    // What breaks when nobody listens any more is nobody's business.
    this.#iterator.return?.().catch(() => {})
  }

  #fetched(ended: boolean, piece?: Uint8Array): void {
    this.#fetching = false
    if (ended) this.#ended = true
    if (!this.#ended) this.#piece = piece
    const ready = this.#ready
    this.#ready = undefined
    ready?.()
  }
}
