/** The store has been closed. */
export class StoreClosedError extends Error {
  constructor() {
    super('the store is closed')
  }
}

/** The data could not be opened, locked, read or written; `cause` says what the system answered. */
export class StoreFailedError extends Error {
  constructor(
    message: string,
    options?: ErrorOptions & {
      /** Whether the same store may be tried again, as after a full disk, or has to be opened anew. */
      readonly usable?: boolean
    },
  ) {
    super(message, options)
    this.usable = options?.usable ?? false
  }

  readonly usable: boolean
}
