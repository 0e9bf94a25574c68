import type { Readable } from 'node:stream'
import { StatusError } from '../../machinery/status-error.js'

/** A body that has not come after so many milliseconds does not come. */
const patienceMs = 60_000
/** What is too much is let through unread for so long, so that the answer can reach the client. */
const lingerMs = 5_000

/**
 * Collects a body of at most `limit` bytes. Throws a 413 beyond, a 400 if the client breaks off, a 504 if it takes too
 * long.
 */
export function readBody(source: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (source.destroyed) return reject(brokenOff())
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => {
      settle()
      reject(new StatusError(504, 'Timeout', 'Timeout: the request body did not come in time'))
      discard(source)
    }, patienceMs)
    const settle = () => {
      clearTimeout(timer)
      source.off('data', onData)
      source.off('end', onEnd)
      source.off('close', onClose)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= limit) return
      settle()
      reject(new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`))
      discard(source)
    }
    const onEnd = () => {
      settle()
      const [only] = chunks
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, size))
    }
    const onClose = () => {
      settle()
      reject(brokenOff())
    }
    source.on('data', onData)
    source.on('end', onEnd)
    source.on('close', onClose)
  })
}

const brokenOff = () => new StatusError(400, 'BadRequest', 'the client closed the request before its body was complete')

function discard(source: Readable): void {
  const timer = setTimeout(() => source.destroy(), lingerMs)
  source.once('close', () => clearTimeout(timer))
  source.once('end', () => clearTimeout(timer))
  source.resume()
}
