import type { Clock } from '../../machinery/clock.js'
import type { AuditEvent } from './audit-event.js'

/** Where audit events go. `write` resolves once they are there, or taken over; rejects if they are lost. */
export interface AuditSink extends AsyncDisposable {
  write(events: readonly AuditEvent[]): Promise<void>
}

/** All of them get everything. */
export const allOf = (sinks: readonly AuditSink[]): AuditSink => ({
  async write(events) {
    const results = await Promise.allSettled(sinks.map(sink => sink.write(events)))
    const failures = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    if (failures.length > 0)
      throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'audit events are lost')
  },
  async [Symbol.asyncDispose]() {
    for (const sink of sinks) await sink[Symbol.asyncDispose]()
  },
})

export interface Truncation {
  /** Bytes of one event, and of all that are sent together. */
  readonly maxEventSize: number
  readonly maxBatchSize: number
}

const truncated = 'audit.k8s.io/truncated'

/** Leaves the bodies out of events that are too large, drops those that still are, and sends smaller batches. */
export const truncating = (sink: AuditSink, { maxEventSize, maxBatchSize }: Truncation): AuditSink => ({
  async write(events) {
    let batch: AuditEvent[] = []
    let size = 0
    let lost = 0
    for (const whole of events) {
      let event = whole
      let length = sizeOf(event)
      if (length > maxEventSize) {
        const { requestObject: _request, responseObject: _response, ...rest } = whole
        event = { ...rest, annotations: { ...rest.annotations, [truncated]: 'true' } }
        length = sizeOf(event)
      }
      if (length > maxEventSize) {
        lost++
        continue
      }
      if (size + length > maxBatchSize && batch.length > 0) {
        await sink.write(batch)
        batch = []
        size = 0
      }
      batch.push(event)
      size += length
    }
    if (batch.length > 0) await sink.write(batch)
    if (lost > 0) throw new Error(`${lost} audit events are larger than ${maxEventSize} bytes without their bodies`)
  },
  [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
})

const sizeOf = (event: AuditEvent): number => Buffer.byteLength(JSON.stringify(event))

export interface Batching {
  /** Events that may wait; more are lost. */
  readonly bufferSize: number
  /** Events sent together at most. */
  readonly maxBatchSize: number
  /** Milliseconds after which events are sent, however few they are. */
  readonly maxWaitMs: number
  /** Batches a second, on average, and how many may come at once; any number when absent. */
  readonly throttle?: { readonly qps: number; readonly burst: number } | undefined
  /** Batches are sent one after the other instead of side by side. */
  readonly oneAtATime: boolean
}

/** Takes events over and sends them later, many at a time. `onError` hears of what is lost. */
export function batching(
  sink: AuditSink,
  options: Batching,
  clock: Clock,
  onError: (error: unknown) => void,
): AuditSink {
  const { bufferSize, maxBatchSize, maxWaitMs, throttle, oneAtATime } = options
  const buffer: AuditEvent[] = []
  const sending = new Set<Promise<void>>()
  let timer: Disposable | undefined
  let last: Promise<void> = Promise.resolve()
  let tokens = throttle?.burst ?? 0
  let filled = clock.now()
  let closing = false

  /** Milliseconds until another batch may be sent. */
  const pause = (): number => {
    if (!throttle || closing) return 0
    const now = clock.now()
    tokens = Math.min(throttle.burst, tokens + ((now - filled) / 1000) * throttle.qps)
    filled = now
    if (tokens < 1) return Math.max(1, Math.ceil(((1 - tokens) / throttle.qps) * 1000))
    tokens--
    return 0
  }
  const schedule = (ms: number) => {
    timer?.[Symbol.dispose]()
    timer = clock.after(ms, () => {
      timer = undefined
      send()
    })
  }
  const send = () => {
    while (buffer.length > 0) {
      const wait = pause()
      if (wait > 0) return schedule(wait)
      const batch = buffer.splice(0, maxBatchSize)
      const work = (oneAtATime ? last.then(() => sink.write(batch)) : sink.write(batch)).catch(onError)
      last = work
      sending.add(work)
      void work.finally(() => sending.delete(work))
      if (buffer.length < maxBatchSize && !closing) break
    }
    if (buffer.length > 0) schedule(maxWaitMs)
  }
  return {
    async write(events) {
      const room = Math.max(0, bufferSize - buffer.length)
      buffer.push(...events.slice(0, room))
      if (events.length > room) onError(new Error(`${events.length - room} audit events are lost: the buffer is full`))
      if (buffer.length >= maxBatchSize) {
        timer?.[Symbol.dispose]()
        timer = undefined
        send()
      } else if (!timer && buffer.length > 0) schedule(maxWaitMs)
    },
    async [Symbol.asyncDispose]() {
      closing = true
      timer?.[Symbol.dispose]()
      send()
      await Promise.all(sending)
      await sink[Symbol.asyncDispose]()
    },
  }
}
