import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { type Clock, systemClock } from '../../machinery/clock.js'
import { exchange, type NameServer } from './exchange.js'
import { type Edns, headerFlags, type Question } from './read-message.js'
import { responseCodes } from './records.js'
import { parseResolvConf, type ResolvConf } from './resolv-conf.js'
import { ResponseCache } from './response-cache.js'
import { encodeQuery, encodeQuestion, maxUdpSize } from './write-message.js'

export interface ForwarderOptions {
  /** A file in the form of resolv.conf(5); it is read again when it changes. */
  readonly resolvConf: string
  /** True of servers that must not be asked: this one, by whatever way it is reached. */
  readonly isSelf: (server: NameServer) => boolean
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
  /** Where the servers listen; 53 but in tests. */
  readonly port?: number
  /** How many answers are remembered. */
  readonly cacheSize?: number
  /** How many questions may wait for answers at a time. */
  readonly maxWaiting?: number
}

/** A question to other servers. */
export interface ForwardedQuery {
  readonly question: Question
  /** In the letters the client chose; made from `question` when absent. */
  readonly wireQuestion?: Buffer
  /** As in the client's header. */
  readonly flags: number
  readonly edns: Edns | undefined
}

/** How long the file is believed to be the same, in ms. */
const fileTrust = 5000
/** For so many ms after it failed a server is asked last. */
const badServer = 10_000
const asked = headerFlags.recursionDesired | headerFlags.checkingDisabled

/**
 * Asks the servers of a resolv.conf, and remembers what they say. Clients that ask the same at the same time share one
 * question, so that even a loop through another server that asks this one ends.
 */
export class Forwarder implements AsyncDisposable {
  readonly #clock: Clock
  readonly #cache: ResponseCache
  readonly #stopping = new AbortController()
  readonly #waiting = new Map<string, Promise<Buffer>>()
  readonly #failed = new Map<string, number>()
  #file: { readonly conf: ResolvConf; readonly version: string; readonly checked: number } | undefined
  #cacheHits = 0
  #failures = 0

  constructor(private readonly options: ForwarderOptions) {
    this.#clock = options.clock ?? systemClock
    // Every question on its way listens.
    setMaxListeners(0, this.#stopping.signal)
    this.#cache = new ResponseCache(this.#clock, options.cacheSize ?? 4096)
  }

  get stats(): { readonly cacheHits: number; readonly cached: number; readonly failures: number } {
    return { cacheHits: this.#cacheHits, cached: this.#cache.size, failures: this.#failures }
  }

  /**
   * The message that answers; its number is not the client's, and it says whether its data is authentic to whom did not
   * ask, too. The caller owns it. Rejects if no server answers.
   */
  async ask(query: ForwardedQuery): Promise<Buffer> {
    const { question, flags, edns } = query
    const key = `${question.name} ${question.type} ${question.class} ${flags & asked} ${edns ? `edns ${edns.dnssecOk}` : ''}`
    const known = this.#cache.get(key)
    if (known) {
      this.#cacheHits++
      return known
    }
    let answer = this.#waiting.get(key)
    if (!answer) {
      if (this.#waiting.size >= (this.options.maxWaiting ?? 1000))
        throw new Error('too many questions wait for answers')
      answer = this.#askServers(query)
        .then(message => {
          this.#cache.put(key, message)
          return message
        })
        .finally(() => this.#waiting.delete(key))
      this.#waiting.set(key, answer)
    }
    return Buffer.from(await answer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the server stops'))
    await Promise.allSettled(this.#waiting.values())
  }

  async #askServers({
    question,
    wireQuestion = encodeQuestion(question),
    flags,
    edns,
  }: ForwardedQuery): Promise<Buffer> {
    const { signal } = this.#stopping
    const { nameservers, timeoutMs, attempts } = await this.#conf()
    const { port = 53, isSelf } = this.options
    const servers = nameservers.map(address => ({ address, port })).filter(server => !isSelf(server))
    if (!servers.length) throw new Error(`${this.options.resolvConf} names no other server`)
    const now = this.#clock.now()
    const bad = ({ address }: NameServer) => (this.#failed.get(address) ?? 0) > now
    const inOrder = [...servers.filter(server => !bad(server)), ...servers.filter(bad)]
    let refusal: Buffer | undefined
    let trouble: unknown
    for (let attempt = 0; attempt < attempts && !refusal; attempt++)
      for (const server of inOrder) {
        const ours = edns && { udpSize: maxUdpSize, version: 0, dnssecOk: edns.dnssecOk }
        const message = encodeQuery(randomInt(0x10000), (flags & asked) | headerFlags.authenticData, wireQuestion, ours)
        try {
          const answer = await exchange(message, server, { timeoutMs, signal, clock: this.#clock })
          this.#failed.delete(server.address)
          const code = answer.readUInt16BE(2) & 15
          if (code === responseCodes.NOERROR || code === responseCodes.NXDOMAIN) return answer
          // Another server may know better.
          refusal = answer
        } catch (error) {
          if (signal.aborted) throw error
          trouble = error
          this.#failed.set(server.address, this.#clock.now() + badServer)
        }
      }
    if (refusal) return refusal
    this.#failures++
    throw trouble
  }

  async #conf(): Promise<ResolvConf> {
    const { resolvConf } = this.options
    const now = this.#clock.now()
    if (this.#file && now - this.#file.checked < fileTrust) return this.#file.conf
    try {
      const { mtimeMs, ino, size } = await stat(resolvConf)
      const version = `${mtimeMs} ${ino} ${size}`
      const conf =
        this.#file?.version === version ? this.#file.conf : parseResolvConf(await readFile(resolvConf, 'utf8'))
      this.#file = { conf, version, checked: now }
      return conf
    } catch (error) {
      if (!this.#file) throw error
      // Files are replaced by removing them first, by some.
      this.#file = { ...this.#file, checked: now }
      return this.#file.conf
    }
  }
}
