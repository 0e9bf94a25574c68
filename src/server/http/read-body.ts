import type { Readable } from 'node:stream'
import { StatusError } from '../../machinery/status-error.js'

/** Collects a body of at most `limit` bytes. Throws a 413 beyond, a 400 if the client breaks off. */
export function readBody(source: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (finish: () => void) => {
      source.off('data', onData)
      source.off('end', onEnd)
      source.off('close', onClose)
      finish()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) {
        // The rest is let through unread, so that the answer can reach the client.
        settle(() =>
          reject(new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`)),
        )
        source.resume()
      } else chunks.push(chunk)
    }
    const onEnd = () =>
      settle(() => {
        const [only] = chunks
        resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, size))
      })
    const onClose = () =>
      settle(() =>
        reject(new StatusError(400, 'BadRequest', 'the client closed the request before its body was complete')),
      )
    source.on('data', onData)
    source.on('end', onEnd)
    source.on('close', onClose)
  })
}
