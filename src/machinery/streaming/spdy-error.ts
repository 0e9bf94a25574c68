/** A peer broke the SPDY protocol, refused or reset a stream, or the connection is gone. */
export class SpdyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SpdyError'
  }
}
