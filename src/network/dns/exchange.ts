import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { type Clock, systemClock } from '../../machinery/clock.js'
import { MalformedMessage, skipName } from './names.js'
import { headerFlags, headerSize } from './read-message.js'

/** A server to ask. */
export interface NameServer {
  readonly address: string
  readonly port: number
}

export interface ExchangeOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/**
 * Asks a server, by UDP, and by TCP if the answer does not fit there. Rejects if it cannot be reached, does not answer in
 * time, or the signal aborts. What is no answer to this question is passed over: anybody could have sent it.
 */
export async function exchange(query: Buffer, server: NameServer, options: ExchangeOptions): Promise<Buffer> {
  const response = await exchangeUdp(query, server, options)
  return response.readUInt16BE(2) & headerFlags.truncated ? exchangeTcp(query, server, options) : response
}

function exchangeUdp(query: Buffer, { address, port }: NameServer, options: ExchangeOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address.replace(/%.*$/, '')) ? 'udp6' : 'udp4')
    const end = limit(options, address, () => socket.close(), reject)
    // A connected socket hears of a closed port, and nothing from anybody else.
    socket.on('error', error => end(() => reject(error)))
    socket.on('message', message => {
      if (answers(message, query)) end(() => resolve(message))
    })
    socket.on('connect', () => socket.send(query))
    socket.connect(port, address)
  })
}

function exchangeTcp(query: Buffer, { address, port }: NameServer, options: ExchangeOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    const end = limit(options, address, () => socket.destroy(), reject)
    let heard = Buffer.alloc(0)
    socket.on('error', error => end(() => reject(error)))
    socket.on('close', () => end(() => reject(new Error(`${address} closed the connection`))))
    socket.on('data', chunk => {
      heard = Buffer.concat([heard, chunk])
      if (heard.length < 2 || heard.length < heard.readUInt16BE(0) + 2) return
      const message = heard.subarray(2, heard.readUInt16BE(0) + 2)
      if (answers(message, query)) end(() => resolve(message))
      else end(() => reject(new Error(`${address} answered something else`)))
    })
    socket.write(framed(query))
  })
}

/** Answers what ends an exchange: the first to call it decides how. */
function limit(
  { timeoutMs, signal, clock = systemClock }: ExchangeOptions,
  address: string,
  close: () => void,
  reject: (error: unknown) => void,
): (finish: () => void) => void {
  let ended = false
  const end = (finish: () => void) => {
    if (ended) return
    ended = true
    timer[Symbol.dispose]()
    signal?.removeEventListener('abort', abort)
    close()
    finish()
  }
  const abort = () => end(() => reject(signal?.reason))
  const timer = clock.after(timeoutMs, () =>
    end(() => reject(new Error(`${address} did not answer within ${timeoutMs} ms`))),
  )
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) queueMicrotask(abort)
  return end
}

/** True if `message` answers `query`: the same number and question, in letters of either case. */
function answers(message: Buffer, query: Buffer): boolean {
  if (message.length < headerSize || message.readUInt16BE(0) !== query.readUInt16BE(0)) return false
  if (!(message.readUInt16BE(2) & headerFlags.response) || message.readUInt16BE(4) !== 1) return false
  try {
    const end = skipName(query, headerSize) + 4
    return (
      message.length >= end &&
      message.toString('latin1', headerSize, end).toLowerCase() ===
        query.toString('latin1', headerSize, end).toLowerCase()
    )
  } catch (error) {
    if (error instanceof MalformedMessage) return false
    throw error
  }
}

/** A message as TCP carries it: after its length. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(message.length + 2)
  frame.writeUInt16BE(message.length)
  message.copy(frame, 2)
  return frame
}
