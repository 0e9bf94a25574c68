import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { StatusError } from '../../machinery/status-error.js'
import { forward } from './forward.js'

const path = '/api/v1/namespaces/n/pods/p/proxy'

async function backend(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    answer(request, response, body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tls: {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const requestOf = (rest: string, over: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'GET',
  path: path + rest,
  query: new URLSearchParams(),
  target: path + rest,
  headers: { host: 'server:6443', authorization: 'Bearer x' },
  body: { kind: 'none' },
  signal: new AbortController().signal,
  remoteAddress: '10.1.2.3',
  ...over,
})

async function bytesOf({ body }: ApiResponse): Promise<Buffer> {
  if (body.kind !== 'stream') return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('a request reaches the backend as it came, but for what is between client and server', async () => {
  const seen: { method?: string | undefined; url?: string | undefined; headers?: object; body?: string }[] = []
  await using target = await backend(({ method, url, headers }, response, body) => {
    seen.push({ method, url, headers, body })
    response.writeHead(201, {
      'content-type': 'text/plain',
      'set-cookie': ['a=1', 'b=2'],
      'access-control-allow-origin': '*',
      'cache-control': 'max-age=1',
    })
    response.end('done')
  })
  const answer = await forward(
    requestOf('/a b/%', {
      method: 'PUT',
      target: `${path}/a%20b/%25?q&r=%20`,
      headers: {
        host: 'server:6443',
        authorization: 'Bearer x',
        'impersonate-user': 'me',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'x-own': '2',
        'x-forwarded-for': '1.1.1.1',
      },
      body: { kind: 'bytes', read: async () => Buffer.from('text') },
    }),
    `${path}/a b/%`,
    '/a b/%',
    target,
  )
  assert.equal(answer.status, 201)
  assert.equal((await bytesOf(answer)).toString(), 'done')
  const { date: _, 'keep-alive': __, ...headers } = answer.headers
  assert.deepEqual(headers, {
    'content-type': 'text/plain',
    'set-cookie': ['a=1', 'b=2'],
    'cache-control': ['no-cache, private', 'max-age=1'],
  })
  const [request] = seen
  assert.equal(request?.method, 'PUT')
  assert.equal(request?.url, '/a%20b/%25?q&r=%20')
  assert.equal(request?.body, 'text')
  const {
    connection: ___,
    'transfer-encoding': ____,
    ...forwarded
  } = (request?.headers ?? {}) as Record<string, string>
  assert.deepEqual(forwarded, {
    host: 'server:6443',
    'x-own': '2',
    'x-forwarded-for': '1.1.1.1, 10.1.2.3',
    'x-forwarded-uri': `${path}/a%20b/%25`,
  })
})

test('a path without its slash is redirected to the one with it', async () => {
  await using target = await backend((_, response) => response.end('here'))
  const get = await forward(requestOf('', { target: `${path}?a=b` }), path, '', target)
  assert.deepEqual([get.status, get.headers.location], [301, `${path}/?a=b`])
  const post = await forward(requestOf('', { method: 'POST' }), path, '', target)
  assert.equal((await bytesOf(post)).toString(), 'here')
})

test('links of a page and of a redirection lead through the proxy', async () => {
  const page = '<a href="/x">'
  await using target = await backend(({ url }, response) => {
    if (url === '/away') response.writeHead(302, { location: '/there/' }).end()
    else if (url === '/packed')
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync(page))
    else
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': page.length }).end(page)
  })
  const ask = (rest: string, over?: Partial<ApiRequest>) => forward(requestOf(rest, over), path + rest, rest, target)
  const rewritten = `<a href="${path}/x">`
  const plain = await ask('/')
  assert.equal((await bytesOf(plain)).toString(), rewritten)
  assert.equal(plain.headers['content-length'], undefined)
  const packed = await ask('/packed')
  assert.equal(gunzipSync(await bytesOf(packed)).toString(), rewritten)
  assert.equal(packed.headers['content-encoding'], 'gzip')
  const away = await ask('/away')
  assert.equal(away.headers.location, `${path}/there/`)
  await bytesOf(away)
  const head = await ask('/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.body.kind], [200, 'none'])
})

test('a backend that is not there is a 503, a client that leaves ends the request', async () => {
  const host = '127.0.0.1:1'
  await assert.rejects(
    forward(requestOf('/'), `${path}/`, '/', { origin: `http://${host}`, tls: {} }),
    (error: StatusError) =>
      error instanceof StatusError &&
      error.code === 503 &&
      error.message === `error trying to reach service: dial tcp ${host}: connect: connection refused`,
  )
  const leaving = new AbortController()
  await using silent = await backend(() => leaving.abort(new Error('left')))
  await assert.rejects(forward(requestOf('/', { signal: leaving.signal }), `${path}/`, '/', silent), /left/)
})
