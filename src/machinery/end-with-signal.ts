import type { ClientRequest } from 'node:http'

/**
 * Ends a request when the signal aborts, unless its answer is over by then. The `signal` option of node:http, used with an
 * agent, may cut off a connection that has just been given back, and with it the process.
 */
export function endWithSignal(request: ClientRequest, signal: AbortSignal | undefined): void {
  if (!signal) return
  // Without an error: a connection that is kept has nobody to hear of one.
  const end = () => request.destroy()
  const settle = () => signal.removeEventListener('abort', end)
  signal.addEventListener('abort', end, { once: true })
  request.on('error', settle)
  request.on('response', message => {
    message.on('end', settle)
    message.on('close', settle)
  })
  if (signal.aborted) end()
}
