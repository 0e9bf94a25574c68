import type { Clock } from '../../machinery/clock.js'
import { MalformedMessage } from './names.js'
import { headerFlags, type RecordPlace, records } from './read-message.js'
import { recordTypes, responseCodes } from './records.js'

interface Entry {
  readonly message: Buffer
  readonly places: readonly RecordPlace[]
  /** In ms since the epoch. */
  readonly stored: number
  readonly expires: number
}

/** Nobody notices that something has moved for longer than this, in seconds. */
const maxTtl = 300
/** Longer answers are rare, and not worth their room. */
const maxSize = 4096

/** Remembers what other servers have answered, for as long as they allow; what was not used for longest goes first. */
export class ResponseCache {
  readonly #entries = new Map<string, Entry>()

  constructor(
    private readonly clock: Clock,
    private readonly capacity: number,
  ) {}

  get size(): number {
    return this.#entries.size
  }

  /** The answer as its server would give it now, with less time to live. The caller owns it. */
  get(key: string): Buffer | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    const now = this.clock.now()
    if (entry.expires <= now) return undefined
    this.#entries.set(key, entry)
    const message = Buffer.from(entry.message)
    const age = Math.floor((now - entry.stored) / 1000)
    for (const { type, nameEnd, ttl } of entry.places)
      if (type !== recordTypes.OPT) message.writeUInt32BE(Math.max(ttl - age, 0), nameEnd + 4)
    return message
  }

  /** Keeps an answer if it may be kept. */
  put(key: string, message: Buffer): void {
    const seconds = message.length > maxSize ? 0 : lifetime(message)
    if (!seconds) return
    const stored = this.clock.now()
    this.#entries.delete(key)
    this.#entries.set(key, {
      message: Buffer.from(message),
      places: records(message),
      stored,
      expires: stored + seconds * 1000,
    })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.capacity) break
      this.#entries.delete(oldest)
    }
  }
}

/** How many seconds an answer may be remembered. */
function lifetime(message: Buffer): number {
  const flags = message.readUInt16BE(2)
  const code = flags & 15
  if (flags & headerFlags.truncated) return 0
  if (code !== responseCodes.NOERROR && code !== responseCodes.NXDOMAIN) return 0
  try {
    const found = records(message).filter(({ type }) => type !== recordTypes.OPT)
    const ttls = found.map(({ ttl }) => (ttl >= 0x80000000 ? 0 : ttl))
    // That there is nothing may be remembered only if the zone says for how long (RFC 2308).
    if (code === responseCodes.NXDOMAIN || !found.some(({ section }) => section === 'answer')) {
      const zone = found.find(({ section, type }) => section === 'authority' && type === recordTypes.SOA)
      if (!zone || zone.end - zone.dataStart < 20) return 0
      ttls.push(message.readUInt32BE(zone.end - 4))
    }
    return Math.min(maxTtl, ...ttls)
  } catch (error) {
    if (error instanceof MalformedMessage) return 0
    throw error
  }
}
