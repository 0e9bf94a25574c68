/** Parts of a program that work on their own. */
export interface RunningParts extends AsyncDisposable {
  /** Resolves once all of them work. Rejects if they are stopped before. */
  readonly ready: Promise<void>
  /** Nothing is being worked on or about to be; what is to be looked at again later does not count. */
  readonly idle: boolean
}

export interface TogetherOptions {
  /** Resolves once all parts work. */
  readonly ready: Promise<unknown>
  /** Ends them, like disposing of them. */
  readonly signal?: AbortSignal | undefined
  /** Called first when they are to end. */
  readonly stop?: () => void
  /** What is disposed of after them, one after the other; what belongs to others is left out by `undefined`. */
  readonly after: readonly (AsyncDisposable | undefined)[]
}

/** Has parts run as one, which ends once, by its signal or by being disposed of. */
export function runTogether(
  parts: readonly (AsyncDisposable & { readonly idle: boolean })[],
  { ready, signal, stop, after }: TogetherOptions,
): RunningParts {
  const allReady = ready.then(() => {})
  // Whoever does not wait for it need not hear that it was stopped.
  allReady.catch(() => {})
  let disposed: Promise<void> | undefined
  const dispose = async (): Promise<void> => {
    stop?.()
    await Promise.all(parts.map(part => part[Symbol.asyncDispose]()))
    for (const part of after) await part?.[Symbol.asyncDispose]()
  }
  const end = (): Promise<void> => {
    signal?.removeEventListener('abort', end)
    return (disposed ??= dispose())
  }
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted) void end()
  return {
    ready: allReady,
    get idle() {
      return parts.every(({ idle }) => idle)
    },
    [Symbol.asyncDispose]: end,
  }
}
