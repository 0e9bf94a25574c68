import { StatusError } from '../machinery/status-error.js'

/** Writes a fault as one line of JSON to standard error: when, what, and why. */
export function logFault(error: unknown): void {
  const causes: string[] = []
  for (let cause = error; cause instanceof Error && causes.length < 5; cause = cause.cause) causes.push(cause.message)
  const innermost = innermostOf(error)
  process.stderr.write(
    `${JSON.stringify({
      time: new Date().toISOString(),
      level: 'error',
      message: causes.join(': ') || String(error),
      // A server's refusal needs no stack; a fault of ours does.
      ...(innermost instanceof Error && !(innermost instanceof StatusError) ? { stack: innermost.stack } : {}),
    })}\n`,
  )
}

function innermostOf(error: unknown): unknown {
  let innermost = error
  while (innermost instanceof Error && innermost.cause !== undefined) innermost = innermost.cause
  return innermost
}
