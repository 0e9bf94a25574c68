import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '../client/client.js'
import { gone, serviceUnavailable, staleObject } from '../machinery/status-error.js'

/** How often, of 1, what goes wrong. */
export interface Faults {
  /** A request that never arrives. */
  readonly lost: number
  /** A write that is done, and whose answer never arrives. */
  readonly unanswered: number
  /** A write refused as if somebody else had been faster. */
  readonly conflict: number
  /** A watch that breaks off after an event. */
  readonly broken: number
  /** A watch that can no longer be resumed. */
  readonly expired: number
  /** Longest delay of an answer or an event, in ms. */
  readonly delay: number
}

/** A reproducible source of numbers below 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * For tests: a client to which everything happens that can happen between a component and its server. Once `calm` has
 * aborted nothing does any more, so that what fails again and again, and is tried less and less often, gets through.
 */
export function faultyClient(client: Client, faults: Faults, random: () => number, calm: AbortSignal): Client {
  const happens = (share: number) => !calm.aborted && random() < share
  const pause = () => (faults.delay > 0 ? wait(random() * faults.delay) : undefined)
  const read = async <T>(action: () => Promise<T>): Promise<T> => {
    await pause()
    if (happens(faults.lost)) throw serviceUnavailable('lost')
    return action()
  }
  const write = async <T>(action: () => Promise<T>): Promise<T> => {
    await pause()
    if (happens(faults.lost)) throw serviceUnavailable('lost')
    if (happens(faults.conflict)) throw staleObject({ group: '', plural: 'objects' }, 'x')
    const result = await action()
    await pause()
    if (happens(faults.unanswered)) throw serviceUnavailable('unanswered')
    return result
  }
  return {
    request: asked => (asked.method === 'GET' ? read : write)(() => client.request(asked)),
    get: (kind, ref, options) => read(() => client.get(kind, ref, options)),
    list: (kind, options) => read(() => client.list(kind, options)),
    async *watch(kind, options) {
      await pause()
      if (happens(faults.lost)) throw serviceUnavailable('lost')
      if (options?.resourceVersion && happens(faults.expired)) throw gone('too old resource version')
      for await (const event of client.watch(kind, options)) {
        if (faults.delay > 0 && happens(0.05)) await pause()
        yield event
        if (happens(faults.broken)) return
      }
    },
    create: (kind, object, options) => write(() => client.create(kind, object, options)),
    update: (kind, object, options) => write(() => client.update(kind, object, options)),
    patch: (kind, ref, patch, options) => write(() => client.patch(kind, ref, patch, options)),
    delete: (kind, ref, options) => write(() => client.delete(kind, ref, options)),
    deleteCollection: (kind, options) => write(() => client.deleteCollection(kind, options)),
    post: (kind, ref, subresource, body, options) => write(() => client.post(kind, ref, subresource, body, options)),
  }
}
