import type { Client } from '../client/client.js'
import { saysCacheIsBehind } from '../client/controller-runtime.js'
import type { Clock } from '../machinery/clock.js'
import type { ConfiguredController } from './config.js'
import { invalidAnswer } from './plugin-caller.js'
import { PluginFault, within } from './plugin-host.js'

const defaultTimeoutMs = 60_000

/** How a run of a controller ended. */
export interface RunOutcome {
  readonly controller: string
  readonly result: string
  readonly seconds: number
}

/**
 * The same controller, whose runs end in time: one that does not is told so by its signal, its client works for it no
 * longer, and the key is tried again.
 */
export function boundedController(
  controller: ConfiguredController,
  clock: Clock,
  ran: (outcome: RunOutcome) => void,
): ConfiguredController {
  const { name, timeoutMs = defaultTimeoutMs } = controller
  return {
    ...controller,
    async reconcile(key, context) {
      const over = new AbortController()
      const { signal } = over
      const stop = () => over.abort(context.signal.reason)
      context.signal.addEventListener('abort', stop, { once: true })
      if (context.signal.aborted) stop()
      const begun = performance.now()
      const done = (result: string) => ran({ controller: name, result, seconds: (performance.now() - begun) / 1000 })
      try {
        const run = controller.reconcile(key, { ...context, client: until(context.client, signal), signal })
        const again = await within(clock, timeoutMs, run)
        if (again !== undefined && !(again?.after >= 0)) invalidAnswer(again, '{ after: MILLISECONDS }, or nothing')
        done('ok')
        return again
      } catch (error) {
        done(error instanceof PluginFault ? error.reason : saysCacheIsBehind(error) ? 'conflict' : 'error')
        throw error
      } finally {
        context.signal.removeEventListener('abort', stop)
        // Whatever a run has left behind does nothing any more.
        over.abort()
      }
    },
  }
}

/** The same client until the signal aborts; then it refuses. */
function until(client: Client, signal: AbortSignal): Client {
  const guarded =
    <A extends readonly unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      signal.throwIfAborted()
      return method(...args)
    }
  return {
    ...client,
    get: guarded(client.get) as Client['get'],
    list: guarded(client.list) as Client['list'],
    create: guarded(client.create) as Client['create'],
    update: guarded(client.update) as Client['update'],
    patch: guarded(client.patch) as Client['patch'],
    delete: guarded(client.delete) as Client['delete'],
    deleteCollection: guarded(client.deleteCollection) as Client['deleteCollection'],
    post: guarded(client.post) as Client['post'],
    request: guarded(client.request) as Client['request'],
    watch: (kind, options) => {
      signal.throwIfAborted()
      return client.watch(kind, {
        ...options,
        signal: options?.signal ? AbortSignal.any([signal, options.signal]) : signal,
      })
    },
  }
}
