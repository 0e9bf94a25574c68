/**
 * A value that does not fit its declared type. The message is worded as Go words it, since clients and their tests
 * know it; `path` tells where (`spec.containers[0].ports[1].hostPort`; empty for the value as a whole).
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly path: string

  constructor(message: string, path: string) {
    super(message)
    this.path = path
  }
}

/**
 * What a decoder throws while it is inside a value: collects the way out, from which `DecodeError` is made at the top.
 * No `Error`, so that no stack is captured for what a client sent.
 */
export class Misfit {
  /** From the innermost to the outermost. */
  private readonly steps: (string | number)[] = []
  /** Names of message fields only: Go's own path knows neither indexes nor keys of maps. */
  private readonly fields: string[] = []
  private struct: string | undefined

  private constructor(
    /** What was found and what was wanted; undefined where the reason says it all. */
    private readonly mismatch: { readonly found: string; readonly type: string } | undefined,
    private readonly reason: string,
  ) {}

  /** `found` in JSON's terms (`string`, `number 1.5`), `type` in Go's (`int32`, `[]v1.Container`). */
  static mismatch(found: string, type: string): Misfit {
    return new Misfit({ found, type }, '')
  }

  static because(reason: string): Misfit {
    return new Misfit(undefined, reason)
  }

  /** Passing out of a field of a message, of an item of a list (its index) or of an entry of a map (no message). */
  outOf(step: string | number, message?: string): void {
    this.steps.push(step)
    if (message !== undefined) this.struct ??= message.slice(message.lastIndexOf('.') + 1)
    if (message !== undefined && typeof step === 'string') this.fields.push(step)
  }

  toError(): DecodeError {
    let path = ''
    for (const step of this.steps.toReversed())
      path += typeof step === 'number' ? `[${step}]` : path === '' ? step : `.${step}`
    if (!this.mismatch) return new DecodeError(this.reason, path)
    const { found, type } = this.mismatch
    const into =
      this.struct === undefined
        ? `Go value of type ${type}`
        : `Go struct field ${this.struct}.${this.fields.toReversed().join('.')} of type ${type}`
    return new DecodeError(`json: cannot unmarshal ${found} into ${into}`, path)
  }
}
