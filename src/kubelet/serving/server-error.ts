/** A request that is refused; the message is the whole answer. */
export class ServerError extends Error {
  override readonly name = 'ServerError'

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}
