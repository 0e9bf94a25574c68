import type { MessagePort } from 'node:worker_threads'
import type { ApiRequest, ApiResponse, Handler, UserInfo } from '../machinery/http.js'
import { StatusError, serviceUnavailable } from '../machinery/status-error.js'

/**
 * A client's transport over a message port. Requests go one way; answers come back whole, or, if they come over time,
 * piece by piece, a few ahead of what has been taken.
 */

type ToServer =
  | { readonly type: 'request'; readonly id: number; readonly request: RequestData }
  | { readonly type: 'abort'; readonly id: number }
  /** So many pieces have been taken: as many more may come. */
  | { readonly type: 'taken'; readonly id: number; readonly count: number }

interface RequestData extends Pick<ApiRequest, 'method' | 'path' | 'headers'> {
  readonly query: string
  readonly body: unknown
}

type ToClient =
  | { readonly type: 'answer'; readonly id: number; readonly answer: AnswerData }
  | { readonly type: 'failed'; readonly id: number; readonly status: StatusError['body'] }
  | { readonly type: 'piece'; readonly id: number; readonly piece: unknown }
  | { readonly type: 'end'; readonly id: number; readonly status?: StatusError['body'] }

interface AnswerData extends Pick<ApiResponse, 'status' | 'headers'> {
  readonly kind: 'none' | 'object' | 'bytes' | 'stream' | 'objects'
  readonly value?: unknown
}

/** Pieces that may be under way without having been taken. */
const ahead = 64

const statusOf = (error: unknown): StatusError['body'] =>
  structuredClone(
    (error instanceof StatusError
      ? error
      : new StatusError(500, 'InternalError', error instanceof Error ? error.message : String(error))
    ).body,
  )

/** Answers the requests that come through a port, as `user`, until the port is closed or the signal aborts. */
export function servePort(
  port: MessagePort,
  options: { readonly handle: Handler; readonly user: UserInfo; readonly signal: AbortSignal },
): void {
  const { handle, user, signal } = options
  const underWay = new Map<number, Served>()
  const send = (message: ToClient) => port.postMessage(message)
  const serve = async (id: number, { query, body, ...request }: RequestData): Promise<void> => {
    const served = new Served()
    underWay.set(id, served)
    try {
      const answer = await handle({
        ...request,
        query: new URLSearchParams(query),
        body: body === undefined ? { kind: 'none' } : { kind: 'object', value: body },
        signal: served.signal,
        remoteAddress: '',
        user,
      })
      const { status, headers, body: content } = answer
      const { kind } = content
      if (kind === 'upgraded') throw new Error('connections cannot be upgraded here')
      const value = kind === 'object' ? content.value : kind === 'bytes' ? content.chunks : undefined
      send({ type: 'answer', id, answer: { status, headers: { ...headers }, kind, value } })
      served.answered = true
      if (kind === 'objects' || kind === 'stream') {
        const pieces: AsyncIterable<unknown> = kind === 'objects' ? content.values : content.chunks
        for await (const piece of pieces) {
          if (served.signal.aborted) break
          send({ type: 'piece', id, piece })
          await served.maySend()
        }
        send({ type: 'end', id })
      }
    } catch (error) {
      if (!served.signal.aborted) send({ type: served.answered ? 'end' : 'failed', id, status: statusOf(error) })
    } finally {
      underWay.delete(id)
    }
  }
  const end = () => {
    for (const served of underWay.values()) served.abort()
    port.close()
  }
  port.on('message', (message: ToServer) => {
    if (message.type === 'request') void serve(message.id, message.request)
    else if (message.type === 'abort') underWay.get(message.id)?.abort()
    else underWay.get(message.id)?.taken(message.count)
  })
  port.on('close', () => {
    for (const served of underWay.values()) served.abort()
    signal.removeEventListener('abort', end)
  })
  signal.addEventListener('abort', end, { once: true })
}

/** A request that is being served: whether anybody still wants the answer, and how much of it may be sent. */
class Served {
  /** The head of the answer has been sent. */
  answered = false
  readonly #abort = new AbortController()
  #untaken = 0
  #go: (() => void) | undefined

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  abort(): void {
    this.#abort.abort()
    this.#go?.()
  }

  taken(count: number): void {
    this.#untaken -= count
    this.#go?.()
  }

  async maySend(): Promise<void> {
    this.#untaken++
    while (this.#untaken >= ahead && !this.signal.aborted)
      await new Promise<void>(resolve => {
        this.#go = resolve
      })
  }
}

/** The transport of a client at the other end of a port that `servePort` serves. */
export function portTransport(port: MessagePort): Handler {
  const waiting = new Map<number, Asked>()
  let lastId = 0
  port.on('message', (message: ToClient) => waiting.get(message.id)?.hear(message))
  port.on('close', () => {
    for (const asked of waiting.values()) asked.fail(serviceUnavailable('the API server has gone'))
  })
  return request => {
    const { method, path, query, headers, body, signal } = request
    if (signal.aborted) return Promise.reject(signal.reason)
    if (body.kind === 'bytes') return Promise.reject(new Error('the port transport takes objects as bodies'))
    const id = ++lastId
    const send = (message: ToServer) => port.postMessage(message)
    const asked = new Asked(
      count => send({ type: 'taken', id, count }),
      () => {
        waiting.delete(id)
        signal.removeEventListener('abort', abort)
      },
    )
    const abort = () => {
      send({ type: 'abort', id })
      asked.fail(signal.reason)
    }
    waiting.set(id, asked)
    signal.addEventListener('abort', abort, { once: true })
    const value = body.kind === 'object' ? body.value : undefined
    send({ type: 'request', id, request: { method, path, query: query.toString(), headers, body: value } })
    asked.leave = () => send({ type: 'abort', id })
    return asked.answer
  }
}

/** A request that waits for its answer, or for more of it. */
class Asked {
  readonly answer: Promise<ApiResponse>
  /** Tells the other end that nobody will take any more. */
  leave: () => void = () => {}
  readonly #pieces: unknown[] = []
  #resolve: (answer: ApiResponse) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #over: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(
    private readonly taken: (count: number) => void,
    private readonly forget: () => void,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  hear(message: ToClient): void {
    if (message.type === 'answer') this.#begin(message.answer)
    else if (message.type === 'failed') this.fail(StatusError.from(message.status, message.status.code))
    else if (message.type === 'piece') {
      this.#pieces.push(message.piece)
      this.#wake?.()
    } else {
      const { status } = message
      this.#end(status ? { error: StatusError.from(status, status.code) } : {})
    }
  }

  fail(error: unknown): void {
    this.#reject(error)
    this.#end({ error })
  }

  #end(how: { readonly error?: unknown }): void {
    this.#over ??= how
    this.forget()
    this.#wake?.()
  }

  #begin({ status, headers, kind, value }: AnswerData): void {
    const body = this.#bodyOf(kind, value)
    this.#resolve({ status, headers, body })
    if (kind !== 'objects' && kind !== 'stream') this.#end({})
  }

  #bodyOf(kind: AnswerData['kind'], value: unknown): ApiResponse['body'] {
    switch (kind) {
      case 'object':
        return { kind, value }
      case 'bytes':
        return { kind, chunks: value as readonly Uint8Array[] }
      case 'objects':
        return { kind, values: this.#taking() }
      case 'stream':
        return { kind, chunks: this.#taking() as AsyncIterable<Uint8Array> }
      default:
        return { kind: 'none' }
    }
  }

  async *#taking(): AsyncGenerator<unknown> {
    try {
      for (;;) {
        const pieces = this.#pieces.splice(0)
        yield* pieces
        if (pieces.length > 0) this.taken(pieces.length)
        else if (this.#over) break
        else
          await new Promise<void>(resolve => {
            this.#wake = resolve
          })
      }
      if (this.#over?.error !== undefined) throw this.#over.error
    } finally {
      if (!this.#over) this.leave()
      this.#end({})
    }
  }
}
