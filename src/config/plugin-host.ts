import type { Clock } from '../machinery/clock.js'
import { StatusError } from '../machinery/status-error.js'
import type { Config } from './config.js'
import type { Manifest } from './manifest.js'
import { makeCall, type PluginCall } from './plugin-call.js'

/** Why a plugin has failed, rather than refused. */
export type FaultReason = 'error' | 'timeout' | 'blocked' | 'crash' | 'invalid'

/** A plugin has failed: it threw what is no `StatusError`, took too long, or took its thread down with it. */
export class PluginFault extends Error {
  override readonly name = 'PluginFault'

  constructor(
    readonly reason: FaultReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Where the functions of a configuration are run. */
export interface PluginHost extends AsyncDisposable {
  readonly manifest: Manifest
  /** Rejects with the `StatusError` by which a plugin refuses, or with a `PluginFault`. */
  call(call: PluginCall, timeoutMs: number): Promise<unknown>
}

/** Runs the functions of a configuration in this thread: a function that never returns to it cannot be stopped here. */
export function inProcessHost(config: Config, manifest: Manifest, clock: Clock): PluginHost {
  return {
    manifest,
    call: (call, timeoutMs) => within(clock, timeoutMs, makeCall(config, structuredClone(call))).catch(asFault),
    async [Symbol.asyncDispose]() {},
  }
}

const asFault = (error: unknown): never => {
  if (error instanceof StatusError || error instanceof PluginFault) throw error
  throw new PluginFault('error', error instanceof Error ? error.message : String(error), { cause: error })
}

export const tookTooLong = (timeoutMs: number): PluginFault =>
  new PluginFault('timeout', `it did not answer within ${timeoutMs} ms`)

/** Settles as `work` does, or rejects after `timeoutMs`. */
export function within<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = clock.after(timeoutMs, () => reject(tookTooLong(timeoutMs)))
    work.then(resolve, reject).finally(() => late[Symbol.dispose]())
  })
}
