import type { MessagePort } from 'node:worker_threads'
import type { RunOutcome } from './bounded-controller.js'
import type { Manifest } from './manifest.js'
import type { ErrorData, PluginCall } from './plugin-call.js'

/** What a thread of plugins is started with. */
export interface WorkerStart {
  readonly file: string
  /** Where the client that every plugin may hold on to reaches the API server. */
  readonly port: MessagePort
  /** What it runs, and where that reaches the API server; absent of the thread that is called. */
  readonly component?: { readonly of: ThreadComponent; readonly port: MessagePort }
}

/** What a thread of plugins may run. */
export type ThreadComponent = { readonly type: 'controller'; readonly name: string } | { readonly type: 'scheduler' }

/** To a thread of plugins. */
export type ToWorker =
  | { readonly type: 'call'; readonly id: number; readonly call: PluginCall }
  /** Is anybody there? Answered whenever the thread gets round to it. */
  | { readonly type: 'ping'; readonly id: number }

/** From a thread of plugins. */
export type FromWorker =
  | { readonly type: 'loaded'; readonly manifest: Manifest; readonly files: readonly string[] }
  | { readonly type: 'unusable'; readonly message: string; readonly stack: string }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'ran'; readonly outcome: RunOutcome }
  | { readonly type: 'fault'; readonly where: string; readonly error: ErrorData }
