import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { lengthOf } from './send.js'

const gzipAsync = promisify(gzip)

/** Bytes from which compressing is worth its time, as upstream has it. */
const threshold = 128 * 1024

/** Compresses large answers for clients that accept it; all others are what comes back, at once. */
export function compress({ headers }: ApiRequest, response: ApiResponse): Promise<ApiResponse> | ApiResponse {
  const { body } = response
  const accepted = headers['accept-encoding']
  if (accepted === undefined || body.kind !== 'bytes' || response.headers['content-encoding']) return response
  return lengthOf(response) < threshold || !acceptsGzip(accepted) ? response : packed(response, body.chunks)
}

async function packed(response: ApiResponse, chunks: readonly Uint8Array[]): Promise<ApiResponse> {
  const packed = await gzipAsync(Buffer.concat(chunks), { level: constants.Z_BEST_SPEED })
  return {
    status: response.status,
    headers: { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
    body: { kind: 'bytes', chunks: [packed] },
  }
}

/** Whether an Accept-Encoding header names gzip, and not with a quality of zero. */
export const acceptsGzip = (header: string | undefined): boolean =>
  header?.split(',').some(part => {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    return name === 'gzip' && !parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter))
  }) ?? false
