import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Clock, sleep } from '../../machinery/clock.js'
import type { FolderWatches } from './folder-watches.js'
import { parseLogLine } from './log-line.js'

/** What of a log is wanted, as `kubectl logs` asks for it. */
export interface LogOptions {
  readonly follow?: boolean
  /** Only so many lines from the end. */
  readonly tailLines?: number
  /** Nothing older, in milliseconds since the epoch. */
  readonly since?: number
  readonly timestamps?: boolean
  readonly limitBytes?: number
  /** Both if absent. */
  readonly stream?: 'stdout' | 'stderr'
}

export interface LogSource {
  /** The file the runtime writes to now. It may be set aside and made anew at any time. */
  readonly path: string
  readonly watches: FolderWatches
  /** Whether the container may write anything more. */
  readonly isOpen: () => boolean
  /** Calls back when that may have changed. */
  readonly onChange: (changed: () => void) => Disposable
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A runtime may still be writing, so many ms, what it has taken in before it said that the container has ended. */
const afterEndMs = 250
const chunkSize = 64 * 1024
const newline = 0x0a
const nothing = Buffer.alloc(0)

/** A container's output as it wrote it, in pieces. Ends with the log, or with the container when following. */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<Buffer, void, undefined> {
  const format = new LogFormat(options)
  let left = options.limitBytes ?? Infinity
  if (options.tailLines === 0 && !options.follow) return
  for await (const lines of logLines(source, options)) {
    const text = Buffer.concat(lines.map(line => format.line(line)))
    if (text.length === 0) continue
    yield text.length > left ? text.subarray(0, left) : text
    left -= text.length
    if (left <= 0) return
  }
}

/** Turns records into what the container wrote. */
class LogFormat {
  readonly #options: LogOptions
  /** The last record was the beginning of a line. */
  #within = false

  constructor(options: LogOptions) {
    this.#options = options
  }

  /** Empty for a record that is not wanted. */
  line(bytes: Buffer): Buffer {
    // Latin-1 keeps every byte, whatever the container's encoding.
    const record = parseLogLine(bytes.toString('latin1'))
    const { since, stream, timestamps } = this.#options
    if (!record || (stream && record.stream !== stream)) return nothing
    if (since !== undefined && Date.parse(record.time) < since) return nothing
    const head = timestamps && !this.#within ? `${record.time} ` : ''
    this.#within = record.partial
    return Buffer.from(`${head}${record.content}${record.partial ? '' : '\n'}`, 'latin1')
  }
}

/** The records of a log, without line ends, as many at once as are there, across the files it is kept in. */
async function* logLines(source: LogSource, { follow, tailLines }: LogOptions): AsyncGenerator<readonly Buffer[]> {
  const { path, watches, signal, isOpen, onChange, clock } = source
  using change = new Change(signal)
  using _folder = follow ? watches.listen(dirname(path), () => change.note()) : undefined
  using _state = follow ? onChange(() => change.note()) : undefined
  let file = await open(path)
  try {
    const { size } = await file.stat()
    let position = tailLines === undefined ? 0 : await tailPosition(file, tailLines, size)
    // Who does not follow sees the log as it was: what is written meanwhile would be more lines than were asked for.
    const end = follow ? Infinity : size
    let rest: Buffer = nothing
    let isWhole = false
    const buffer = Buffer.alloc(chunkSize)
    while (!signal.aborted) {
      change.reset()
      const wasOpen = isOpen()
      const successor = follow ? await isSuperseded(file, path) : false
      const { bytesRead } = await file.read(buffer, 0, Math.min(chunkSize, end - position), position)
      if (bytesRead > 0) {
        position += bytesRead
        isWhole = false
        const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const lines: Buffer[] = []
        let start = 0
        for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
          lines.push(data.subarray(start, end))
          start = end + 1
        }
        rest = data.subarray(start)
        yield lines
      } else if (successor) {
        const next = await open(path).catch(() => undefined)
        if (next) {
          await file.close()
          file = next
          position = 0
          rest = nothing
        } else await change.happens()
      } else if (!follow || isWhole) return
      else if (wasOpen) await change.happens()
      else {
        isWhole = true
        await sleep(clock, afterEndMs, signal).catch(() => {})
      }
    }
  } finally {
    await file.close()
  }
}

/** The log has been set aside: another file has its name, or none yet. */
async function isSuperseded(file: FileHandle, path: string): Promise<boolean> {
  const [mine, current] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return current?.ino !== mine.ino
}

/** Where the last `lines` lines of the first `size` bytes begin. */
async function tailPosition(file: FileHandle, lines: number, size: number): Promise<number> {
  const buffer = Buffer.alloc(chunkSize)
  let found = 0
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkSize)
    const { bytesRead } = await file.read(buffer, 0, end - start, start)
    for (let index = bytesRead - 1; index >= 0; index--) {
      if (buffer[index] !== newline || start + index === size - 1) continue
      if (++found === lines) return start + index + 1
    }
    end = start
  }
  return lines === 0 ? size : 0
}

/** Remembers that something happened, until it is asked. */
class Change implements Disposable {
  #happened = false
  #wake: (() => void) | undefined

  constructor(readonly signal: AbortSignal) {
    signal.addEventListener('abort', this.note)
  }

  readonly note = (): void => {
    this.#happened = true
    this.#wake?.()
  }

  reset(): void {
    this.#happened = false
  }

  async happens(): Promise<void> {
    if (this.#happened || this.signal.aborted) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  [Symbol.dispose](): void {
    this.signal.removeEventListener('abort', this.note)
  }
}
