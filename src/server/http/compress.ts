import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'

const gzipAsync = promisify(gzip)

/** Bytes from which compressing is worth its time, as upstream has it. */
const threshold = 128 * 1024

/** Compresses large answers for clients that accept it. */
export async function compress(request: ApiRequest, response: ApiResponse): Promise<ApiResponse> {
  const { body } = response
  if (body.kind !== 'bytes' || !request.headers['accept-encoding']?.includes('gzip')) return response
  let size = 0
  for (const chunk of body.chunks) size += chunk.length
  if (size < threshold) return response
  const packed = await gzipAsync(Buffer.concat(body.chunks, size), { level: constants.Z_BEST_SPEED })
  return {
    status: response.status,
    headers: { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
    body: { kind: 'bytes', chunks: [packed] },
  }
}
