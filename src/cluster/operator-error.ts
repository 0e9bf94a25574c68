export { hasCode } from '../machinery/system-error.js'

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
