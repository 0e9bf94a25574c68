import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Clock } from '../../machinery/clock.js'
import { exactJson } from '../../schema/index.js'
import { type AuditEvent, legacyLine } from './audit-event.js'
import type { AuditSink } from './audit-sink.js'

export interface AuditLogOptions {
  /** `-` for standard output. */
  readonly path: string
  readonly format: 'json' | 'legacy'
  /** Days that older files are kept; forever if 0. */
  readonly maxAge: number
  /** Older files that are kept; all if 0. */
  readonly maxBackups: number
  /** Megabytes of a file before another is begun; 100 if 0. */
  readonly maxSize: number
  readonly clock: Clock
}

const defaultMegabytes = 100

/** Writes audit events to a file, a line each. Throws if it cannot be opened. */
export async function auditLog(options: AuditLogOptions): Promise<AuditSink> {
  const line = options.format === 'legacy' ? legacyLine : (event: AuditEvent) => exactJson(event)
  const target = options.path === '-' ? standardOutput : await RotatingFile.open(options)
  return {
    write: events => target.append(events.map(event => `${line(event)}\n`).join('')),
    [Symbol.asyncDispose]: () => target.close(),
  }
}

interface Target {
  append(text: string): Promise<void>
  close(): Promise<void>
}

const standardOutput: Target = {
  append: text =>
    new Promise((resolve, reject) => process.stdout.write(text, error => (error ? reject(error) : resolve()))),
  close: async () => {},
}

/** A file that is put aside when it has grown, under a name with the time. */
class RotatingFile implements Target {
  #pending: string[] = []
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(
    private readonly options: AuditLogOptions,
    private file: FileHandle,
    private size: number,
  ) {}

  static async open(options: AuditLogOptions): Promise<RotatingFile> {
    await mkdir(dirname(options.path), { recursive: true, mode: 0o755 })
    const file = await open(options.path, 'a', 0o600)
    return new RotatingFile(options, file, (await file.stat()).size)
  }

  /** What comes while the file is being written is written together, after that. */
  append(text: string): Promise<void> {
    this.#pending.push(text)
    if (!this.#writing) return this.#begin()
    this.#next ??= this.#writing.catch(() => {}).then(() => this.#begin())
    return this.#next
  }

  async close(): Promise<void> {
    while (this.#writing) await this.#writing.catch(() => {})
    await this.file.close()
  }

  #begin(): Promise<void> {
    this.#next = undefined
    const writing = this.#write(this.#pending.splice(0)).finally(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    this.#writing = writing
    return writing
  }

  async #write(lines: readonly string[]): Promise<void> {
    const most = (this.options.maxSize || defaultMegabytes) * 1024 * 1024
    let part: Buffer[] = []
    let size = 0
    for (const line of lines) {
      const bytes = Buffer.from(line)
      if (this.size + size > 0 && this.size + size + bytes.length > most) {
        await this.#put(part, size)
        part = []
        size = 0
        await this.#rotate()
      }
      part.push(bytes)
      size += bytes.length
    }
    await this.#put(part, size)
  }

  async #put(parts: readonly Buffer[], size: number): Promise<void> {
    if (size === 0) return
    await this.file.appendFile(Buffer.concat(parts, size))
    this.size += size
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.options
    await this.file.close()
    const time = new Date(clock.now()).toISOString().slice(0, 23).replaceAll(':', '-')
    await rename(path, backupName(path, time)).catch(error => {
      // Somebody took it away: all the better.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
    this.file = await open(path, 'a', 0o600)
    this.size = 0
    await this.#prune()
  }

  async #prune(): Promise<void> {
    const { path, maxAge, maxBackups, clock } = this.options
    if (maxAge === 0 && maxBackups === 0) return
    const extension = extname(path)
    const start = `${basename(path, extension)}-`
    const backups = (await readdir(dirname(path)))
      .filter(name => name.startsWith(start) && name.endsWith(extension) && timestamp.test(name.slice(start.length)))
      .sort()
      .reverse()
    for (const [i, name] of backups.entries()) {
      const file = join(dirname(path), name)
      const surplus = maxBackups > 0 && i >= maxBackups
      if (surplus || (maxAge > 0 && (await ageOf(file, clock)) > maxAge * 86_400_000)) await rm(file, { force: true })
    }
  }
}

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}/

function backupName(path: string, time: string): string {
  const extension = extname(path)
  return join(dirname(path), `${basename(path, extension)}-${time}${extension}`)
}

async function ageOf(file: string, clock: Clock): Promise<number> {
  try {
    return clock.now() - (await stat(file)).mtimeMs
  } catch {
    return 0
  }
}
