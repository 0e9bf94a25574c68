import { answer } from './answer.js'
import type { Forwarder } from './forwarder.js'
import { MalformedMessage } from './names.js'
import { answersOf, headerFlags, headerSize, parseQuery, type Query } from './read-message.js'
import { type DnsRecord, internetClass, recordTypes, responseCodes } from './records.js'
import { encodeRefusal, encodeResponse, fitResponse, type Response, sizeLimit } from './write-message.js'
import type { DnsZone } from './zone.js'

export interface ResponderOptions {
  readonly zone: DnsZone
  readonly forwarder: Pick<Forwarder, 'ask'>
  readonly onError: (error: unknown) => void
  /** In place of `Math.random`. */
  readonly random?: () => number
}

/** Answers messages: from the zone, or with what other servers say. */
export class Responder {
  #known = false
  #queries = 0
  #forwarded = 0
  readonly #codes = new Map<number, number>()
  readonly #random: () => number

  constructor(private readonly options: ResponderOptions) {
    this.#random = options.random ?? Math.random
  }

  /** Says that the zone is complete: what it does not have does not exist. */
  zoneIsKnown(): void {
    this.#known = true
  }

  get stats() {
    const responses: { [code: string]: number } = {}
    for (const [name, code] of Object.entries(responseCodes)) {
      const count = this.#codes.get(code)
      if (count) responses[name] = count
    }
    return { queries: this.#queries, forwarded: this.#forwarded, responses }
  }

  /** The answer to a message; undefined if it deserves none. Never rejects, whatever the message is. */
  readonly respond = async (message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> => {
    const parsed = parseQuery(message)
    if ('ignore' in parsed) return undefined
    this.#queries++
    if ('refuse' in parsed) return this.#counted(encodeRefusal({ ...parsed, code: parsed.refuse }))
    const { query } = parsed
    const limit = sizeLimit(query, transport)
    try {
      return this.#counted(await this.#answer(query, limit))
    } catch (error) {
      if (!(error instanceof MalformedMessage)) this.options.onError(error)
      return this.#counted(encodeResponse(query, { code: responseCodes.SERVFAIL }, limit))
    }
  }

  async #answer(query: Query, limit: number): Promise<Buffer> {
    const { question, edns } = query
    const { type } = question
    if (edns && edns.version !== 0) return encodeResponse(query, { code: responseCodes.BADVERS }, limit)
    // Nobody gets the whole zone, nor what other classes have to say of this server.
    if (type === recordTypes.AXFR || type === recordTypes.IXFR || question.class !== internetClass)
      return encodeResponse(query, { code: responseCodes.REFUSED }, limit)
    const found = answer(question, this.options.zone)
    const inZone = found.kind === 'answer' || question.name.endsWith('.arpa')
    if (inZone && !this.#known) return encodeResponse(query, { code: responseCodes.SERVFAIL }, limit)
    if (found.kind === 'elsewhere') return this.#forward(query, limit)
    const { code, answers, authorities, additionals, continuesAt } = found
    const response: Response = { code, authoritative: true, answers: this.#shuffled(answers), authorities, additionals }
    return encodeResponse(query, continuesAt ? await this.#follow(query, response, continuesAt) : response, limit)
  }

  async #forward(query: Query, limit: number): Promise<Buffer> {
    this.#forwarded++
    let message: Buffer
    try {
      message = await this.options.forwarder.ask(query)
    } catch {
      return encodeResponse(query, { code: responseCodes.SERVFAIL }, limit)
    }
    message.writeUInt16BE(query.id, 0)
    const unasked = query.flags & headerFlags.authenticData || query.edns?.dnssecOk ? 0 : headerFlags.authenticData
    message.writeUInt16BE((message.readUInt16BE(2) | headerFlags.recursionAvailable) & ~unasked, 2)
    // What was remembered was asked in other letters, perhaps.
    query.wireQuestion.copy(message, headerSize)
    return fitResponse(message, limit)
  }

  /** Continues an answer whose last record leads out of the cluster. */
  async #follow(query: Query, response: Response, name: string): Promise<Response> {
    const { question, flags } = query
    this.#forwarded++
    try {
      const asked = { question: { ...question, name }, flags: flags | headerFlags.recursionDesired, edns: undefined }
      const message = await this.options.forwarder.ask(asked)
      const code = message.readUInt16BE(2) & 15
      return { code, authoritative: true, answers: [...(response.answers ?? []), ...answersOf(message)] }
    } catch {
      return { ...response, code: responseCodes.SERVFAIL }
    }
  }

  /** Many clients take the first address they are given. */
  #shuffled(answers: readonly DnsRecord[]): readonly DnsRecord[] {
    if (answers.length < 2 || answers.some(({ type }) => type === recordTypes.CNAME)) return answers
    const shuffled = [...answers]
    for (let left = shuffled.length - 1; left > 0; left--) {
      const other = Math.floor(this.#random() * (left + 1))
      const [a, b] = [shuffled[left], shuffled[other]]
      if (a && b) [shuffled[left], shuffled[other]] = [b, a]
    }
    return shuffled
  }

  #counted(response: Buffer): Buffer {
    const code = response.readUInt16BE(2) & 15
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    return response
  }
}
