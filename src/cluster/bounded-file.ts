import { createReadStream } from 'node:fs'

/** More than any configuration, kubeconfig or certificate has. */
const mostBytes = 16 * 1024 * 1024

/**
 * The text of a file, links followed. Throws for one that cannot be read and for one that is too large, which may be a
 * device without an end.
 */
export async function readBounded(path: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostBytes) throw new Error(`it is larger than ${mostBytes >> 20} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
