import { randomInt } from 'node:crypto'
import { exchange } from './exchange.js'
import { answersOf, headerFlags } from './read-message.js'
import { addressOf, internetClass, recordTypes } from './records.js'
import { encodeQuery, encodeQuestion } from './write-message.js'

/**
 * Asks a DNS server for the addresses of a name; none if there is no such name. Rejects if the server does not answer in
 * time.
 */
export async function queryDns(options: {
  readonly address: string
  readonly port: number
  readonly name: string
  /** IPv4 by default. */
  readonly family?: 4 | 6
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}): Promise<string[]> {
  const { address, port, name, family = 4, timeoutMs, signal } = options
  const type = family === 4 ? recordTypes.A : recordTypes.AAAA
  const question = encodeQuestion({ name: name.replace(/\.$/, ''), type, class: internetClass })
  const query = encodeQuery(randomInt(0x10000), headerFlags.recursionDesired, question, undefined)
  const message = await exchange(query, { address, port }, { timeoutMs, ...(signal ? { signal } : {}) })
  return answersOf(message)
    .filter(record => record.type === type)
    .map(addressOf)
}
