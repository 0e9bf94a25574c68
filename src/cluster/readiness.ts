import { access } from 'node:fs/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect, type NetConnectOpts } from 'node:net'

/** Resolves if somebody accepts connections at a Unix socket or a TCP port; rejects if not. */
export const acceptsConnections = (at: NetConnectOpts, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ ...at, ...(signal ? { signal } : {}) })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })

/** Resolves if a file is there; rejects if not. */
export const fileExists = (path: string): Promise<void> => access(path)

export interface HttpCheck {
  readonly url: string
  /** PEM of the authority that the server's certificate must come from. */
  readonly ca?: string
  readonly socketPath?: string
  readonly headers?: { readonly [name: string]: string }
}

/** Resolves if a GET is answered with a 2xx status; rejects if not, with what was answered. */
export const answersHttp = ({ url, ca, socketPath, headers = {} }: HttpCheck, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(
      url,
      {
        agent: false,
        headers,
        ...(ca ? { ca } : {}),
        ...(socketPath ? { socketPath } : {}),
        ...(signal ? { signal } : {}),
      },
      response => {
        const { statusCode = 0 } = response
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          if (body.length < 500) body += chunk
        })
        response.once('error', reject)
        response.once('end', () =>
          statusCode >= 200 && statusCode < 300
            ? resolve()
            : reject(new Error(`${url} answers ${statusCode}: ${body.trim().slice(0, 500)}`)),
        )
      },
    )
    request.once('error', reject)
    request.end()
  })
