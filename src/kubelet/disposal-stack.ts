/** Collects what is to be disposed of, in the reverse order, once its owner goes. */
export class DisposalStack implements AsyncDisposable {
  readonly #parts: (() => unknown)[] = []

  /** Takes over a part and hands it back. */
  use<T extends Disposable | AsyncDisposable>(part: T): T {
    this.#parts.push(() => (Symbol.asyncDispose in part ? part[Symbol.asyncDispose]() : part[Symbol.dispose]()))
    return part
  }

  defer(action: () => unknown): void {
    this.#parts.push(action)
  }

  /** Disposes of all parts, whatever one of them throws; then throws the first error. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (const part of this.#parts.splice(0).reverse())
      try {
        await part()
      } catch (error) {
        errors.push(error)
      }
    if (errors.length) throw errors[0]
  }
}
