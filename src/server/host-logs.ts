import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiResponse } from '../machinery/http.js'
import type { Stage } from './pipeline.js'
import { bytesOf, text } from './respond.js'

/**
 * `/logs/`: the files below a folder of this machine, for administrators, as upstream serves them. Whoever may read them
 * is a matter of authorization.
 */
export function hostLogsStage(folder = '/var/log'): Stage {
  return async ({ info: { path }, request }, next) => {
    if (path !== '/logs' && !path.startsWith('/logs/')) return next()
    const parts = path.split('/').slice(2)
    if (
      (request.method !== 'GET' && request.method !== 'HEAD') ||
      parts.some(part => part === '..' || part.includes('\0'))
    )
      return next()
    const file = join(folder, ...parts)
    const found = await stat(file).catch(() => undefined)
    if (found?.isDirectory()) return path.endsWith('/') ? listing(file) : moved(`${path}/`)
    // Nothing that has no end, such as a pipe, is read.
    if (!found?.isFile() || path.endsWith('/')) return next()
    return {
      status: 200,
      headers: {
        'content-type': /\.gz$/.test(file) ? 'application/gzip' : 'text/plain; charset=utf-8',
        'content-length': String(found.size),
        'cache-control': 'no-cache, private',
      },
      // A log that grows meanwhile is sent as far as it went.
      body: { kind: 'stream', chunks: found.size > 0 ? createReadStream(file, { end: found.size - 1 }) : nothing() },
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const moved = (path: string): ApiResponse => ({
  ...text(301, ''),
  headers: { location: path.split('/').map(encodeURIComponent).join('/') },
})

async function listing(folder: string): Promise<ApiResponse> {
  const entries = await readdir(folder, { withFileTypes: true })
  const links = entries
    .map(entry => entry.name + (entry.isDirectory() ? '/' : ''))
    .sort()
    .map(name => `<a href="./${name.split('/').map(encodeURIComponent).join('/')}">${escaped(name)}</a>\n`)
  const page = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`
  return bytesOf(200, 'text/html; charset=utf-8', Buffer.from(page))
}

const escaped = (name: string): string => name.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`)
