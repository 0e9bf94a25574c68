/** An error that whoever runs the command can do something about. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  /** What to do: one or more sentences, shown below the message. */
  readonly remedy: string

  constructor(message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options)
    this.remedy = remedy
  }
}

/** Whether `error` is a system error with this code, such as `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
