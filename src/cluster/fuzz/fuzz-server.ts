import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { tokenFile } from '../../server/authentication/token-file.js'
import { splitTarget } from '../../server/http/target.js'
import { ControlPlane } from '../control-plane.js'
import { mutateBytes, mutateText, Random } from './mutate.js'
import { folders, type SampleRequest, sampleRequests } from './sample-requests.js'

/** What a run found. */
export interface FuzzReport {
  readonly seed: number
  readonly requests: number
  /** How often each status was answered. */
  readonly statuses: { readonly [status: number]: number }
  /** The slowest request, and how long it took in ms. */
  readonly slowest: { readonly ms: number; readonly request: string }
  /** Requests that were answered by a fault of the server, or not at all. */
  readonly faults: readonly string[]
  /** Bytes of the heap after each round, behind a collection of garbage. */
  readonly heap: readonly number[]
}

const token = 'fuzz'
const defaultAccount: SampleRequest = {
  method: 'POST',
  target: '/api/v1/namespaces/default/serviceaccounts',
  headers: { 'content-type': 'application/json' },
  body: '{"metadata":{"name":"default"}}',
}
/** A request that has no answer after so many ms hangs. */
const patienceMs = 20_000
const shownLength = 2000

/**
 * Asks a server in memory for what nobody would ask, in rounds of so many requests, until there were enough of them or
 * the time is up. The same seed asks the same.
 */
export async function fuzzServer(options: {
  readonly seed: number
  readonly rounds: number
  readonly requestsPerRound: number
  readonly untilMs?: number
}): Promise<FuzzReport> {
  const random = new Random(options.seed)
  const faults: string[] = []
  const statuses: { [status: number]: number } = {}
  const heap: number[] = []
  let slowest = { ms: 0, request: '' }
  let requests = 0
  const errors: unknown[] = []
  const plane = await ControlPlane.start({
    port: false,
    controllers: false,
    scheduler: false,
    authenticators: [tokenFile(`${token},fuzz,1,"system:masters"`)],
    onError: error => errors.push(error),
  })
  try {
    const ask = async (sample: SampleRequest): Promise<void> => {
      const gone = new AbortController()
      const began = performance.now()
      requests++
      try {
        const answered = await Promise.race([
          plane.server.handle(requestOf(sample, gone.signal)).then(answer => read(answer)),
          pause(patienceMs, undefined, { signal: gone.signal }).catch(() => undefined),
        ])
        if (answered === undefined) throw new Error('no answer')
        statuses[answered] = (statuses[answered] ?? 0) + 1
        if (errors.length > 0) throw errors[0]
      } catch (error) {
        faults.push(`${error instanceof Error ? error.stack : String(error)}\nasked: ${shown(sample)}`)
        errors.length = 0
      } finally {
        gone.abort()
      }
      const ms = performance.now() - began
      if (ms > slowest.ms) slowest = { ms, request: shown(sample) }
    }
    // Pods want one, and no controller makes it.
    await ask(defaultAccount)
    for (
      let round = 0;
      round < options.rounds && performance.now() < (options.untilMs ?? Number.POSITIVE_INFINITY);
      round++
    ) {
      for (let i = 0; i < options.requestsPerRound; i++) await ask(changed(random.of(sampleRequests), random))
      for (const folder of folders)
        await ask({ method: 'DELETE', target: `${folder}?gracePeriodSeconds=0`, headers: {} })
      collectGarbage()
      heap.push(process.memoryUsage().heapUsed)
    }
  } finally {
    await plane[Symbol.asyncDispose]()
  }
  return { seed: options.seed, requests, statuses, slowest, faults, heap }
}

function changed(sample: SampleRequest, random: Random): SampleRequest {
  const { method, target, headers, body } = sample
  const part = random.below(10)
  // As it is, so that there is something to change.
  if (part === 0) return sample
  if (part === 1) return { ...sample, target: mutateText(target, random) }
  if (part === 2 || (body === undefined && part < 7)) {
    const mark = target.indexOf('?') + 1
    if (mark > 0)
      return { ...sample, target: target.slice(0, mark) + mutateText(decodeURIComponent(target.slice(mark)), random) }
  }
  if (part === 3 || body === undefined) {
    const name = random.of(Object.keys(headers).concat('accept'))
    return { ...sample, headers: { ...headers, [name]: mutateText(headers[name] ?? '*/*', random) } }
  }
  const other = random.once(12) ? random.of(sampleRequests) : sample
  return {
    method: random.once(20)
      ? random.of(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
      : method,
    target: other.target,
    headers: other.headers,
    body:
      typeof body === 'string' && !random.once(10) ? mutateText(body, random) : mutateBytes(Buffer.from(body), random),
  }
}

function requestOf({ method, target, headers, body }: SampleRequest, signal: AbortSignal): ApiRequest {
  const { path, query } = splitTarget(target)
  const bytes = body === undefined ? undefined : Buffer.from(body)
  return {
    method,
    path,
    query,
    target,
    headers: { ...headers, authorization: `Bearer ${token}` },
    body: bytes ? { kind: 'bytes', read: async () => bytes } : { kind: 'none' },
    signal,
    remoteAddress: '127.0.0.1',
  }
}

/** Reads the answer, of a watch what is there at once; gives its status. */
async function read({ status, body }: ApiResponse): Promise<number> {
  if (body.kind !== 'stream') return status
  if ('whenReady' in body.chunks) {
    while (body.chunks.take());
    body.chunks.close()
  } else for await (const _ of body.chunks);
  return status
}

function shown({ method, target, headers, body }: SampleRequest): string {
  const text =
    body === undefined ? '' : typeof body === 'string' ? body : `base64 ${Buffer.from(body).toString('base64')}`
  return `${method} ${JSON.stringify(target)} ${JSON.stringify(headers)} ${text}`.slice(0, shownLength)
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
