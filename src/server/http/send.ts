import type { Writable } from 'node:stream'
import type { ApiResponse, ByteFeed } from '../../machinery/http.js'

/** Short chunks are written together, up to so many bytes: a write costs more than what it writes. */
const blockBytes = 256 * 1024

/** Sends chunks at the pace of the client, then ends; stops early, without an error, once the client has gone. */
export function sendChunks(
  target: Writable,
  chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array> | ByteFeed,
): Promise<void> | void {
  // The usual answer is in one piece, and needs nobody to wait.
  if (isArray(chunks) && chunks.length === 1) return void target.end(chunks[0])
  return 'whenReady' in chunks ? sendFeed(target, chunks) : sendPieces(target, chunks)
}

/** Tells the source of an answer's chunks that nobody takes them. */
export async function leaveChunks(chunks: AsyncIterable<Uint8Array> | ByteFeed): Promise<void> {
  if ('whenReady' in chunks) chunks.close()
  else await chunks[Symbol.asyncIterator]().return?.()
}

/** Sends what has gathered, then, once that is on its way, what has gathered meanwhile: under load, more at a time. */
function sendFeed(target: Writable, feed: ByteFeed): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      feed.close()
      resolve()
    }
    const pump = () => {
      if (target.destroyed || target.closed) return end()
      try {
        const bytes = feed.take()
        if (bytes) target.write(bytes, pump)
        else if (feed.ended) target.end()
        else feed.whenReady(pump)
      } catch (error) {
        feed.close()
        reject(error)
      }
    }
    target.once('close', end)
    pump()
  })
}

async function sendPieces(target: Writable, chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>): Promise<void> {
  const blocks = isArray(chunks) ? blocksOf(chunks) : chunks
  for await (const block of blocks) if (!(await write(target, block))) return
  target.end()
}

function* blocksOf(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let block: Uint8Array[] = []
  let size = 0
  for (const chunk of chunks) {
    if (size > 0 && size + chunk.length > blockBytes) {
      yield Buffer.concat(block, size)
      block = []
      size = 0
    }
    block.push(chunk)
    size += chunk.length
  }
  if (size > 0) yield Buffer.concat(block, size)
}

const isArray = (chunks: object): chunks is readonly Uint8Array[] => Array.isArray(chunks)

/** Writes and waits while the client is slow; false once it is gone. */
function write(target: Writable, chunk: Uint8Array): Promise<boolean> | boolean {
  if (target.destroyed || target.closed) return false
  if (target.write(chunk)) return true
  return new Promise(resolve => {
    const settle = () => {
      target.off('drain', settle)
      target.off('close', settle)
      resolve(!target.destroyed && !target.closed)
    }
    target.on('drain', settle)
    target.on('close', settle)
  })
}

/** Bytes of an answer that is complete. */
export function lengthOf({ body }: ApiResponse): number {
  let size = 0
  if (body.kind === 'bytes') for (const chunk of body.chunks) size += chunk.length
  return size
}
