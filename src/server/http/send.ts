import type { Writable } from 'node:stream'
import type { ApiResponse } from '../../machinery/http.js'

/** Chunks shorter than this together are sent as one. */
const joinBelow = 64 * 1024

/** Sends chunks at the pace of the client, then ends; stops early, without an error, once the client has gone. */
export function sendChunks(
  target: Writable,
  chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>,
): Promise<void> | void {
  // The usual answer is in one piece, and needs nobody to wait.
  if (isArray(chunks) && chunks.length === 1) return void target.end(chunks[0])
  return sendPieces(target, chunks)
}

async function sendPieces(target: Writable, chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>): Promise<void> {
  if (isArray(chunks)) {
    let size = 0
    for (const chunk of chunks) size += chunk.length
    if (size < joinBelow) return void target.end(Buffer.concat(chunks, size))
    for (const chunk of chunks) if (!(await write(target, chunk))) return
  } else for await (const chunk of chunks) if (!(await write(target, chunk))) return
  target.end()
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
