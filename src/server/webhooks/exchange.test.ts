import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { exchange } from './exchange.js'

/** What a server does with a connection, once something was said on it. */
const servers: { readonly [what: string]: (socket: Socket) => void } = {
  silent: () => {},
  'hanging up': socket => socket.destroy(),
  garbage: socket => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'a head without an end': socket => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write(`X-${'y'.repeat(1000)}: z\r\n`), 1)
    socket.on('close', () => clearInterval(timer))
  },
  'a slow drip': socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
    const timer = setInterval(() => socket.write('x'), 10)
    socket.on('close', () => clearInterval(timer))
  },
  'more than it says': socket => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${'x'.repeat(5000)}`),
  'less than it says': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nxx'),
  'too much': socket => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  },
  'two lengths': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
  'nothing but hints': socket => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 1)
    socket.on('close', () => clearInterval(timer))
  },
}
const refusals: { readonly [what: string]: RegExp } = {
  silent: /context deadline exceeded/,
  'hanging up': /socket hang up/,
  garbage: /Parse Error/,
  'a head without an end': /Header overflow|context deadline exceeded/,
  'a slow drip': /context deadline exceeded/,
  'less than it says': /aborted/,
  'more than it says': /Parse Error/,
  'too much': /the answer is too large/,
  'two lengths': /Parse Error/,
  'nothing but hints': /context deadline exceeded/,
}

describe('a server that is asked', () => {
  for (const [what, misbehave] of Object.entries(servers))
    it(`with ${what} keeps nobody`, async () => {
      const sockets = new Set<Socket>()
      const server = createTcpServer(socket => {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => sockets.delete(socket))
        socket.once('data', () => misbehave(socket))
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      try {
        const refusal = refusals[what] ?? /^$/
        // On a busy machine, what ends by itself may take a while.
        const timeoutMs = refusal.source.includes('deadline') ? 300 : 60_000
        await assert.rejects(exchange({ method: 'GET', url, timeoutMs, maxBytes: 100_000 }), refusal)
      } finally {
        const closed = new Promise(resolve => server.close(resolve))
        for (const socket of sockets) socket.destroy()
        await closed
      }
    })

  describe('and answers', () => {
    let server: Server
    let url: URL
    before(async () => {
      server = createServer((request, response) => {
        if (request.url === '/elsewhere') return void response.writeHead(302, { location: '/secret' }).end()
        if (request.url === '/secret') return void response.end('secret')
        const chunks: Buffer[] = []
        request.on('data', chunk => chunks.push(chunk))
        request.on('end', () => response.writeHead(418, { 'x-host': request.headers.host }).end(Buffer.concat(chunks)))
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/elsewhere`)
    })
    after(() => new Promise(resolve => server.close(resolve)))
    const limits = { timeoutMs: 60_000, maxBytes: 100 }

    it('leads nobody elsewhere', async () => {
      const { status, body } = await exchange({ method: 'GET', url, ...limits })
      assert.deepEqual([status, body.toString()], [302, ''])
    })

    it('is reached where it is, by the name it has', async () => {
      const address = { host: url.hostname, port: Number(url.port) }
      const named = new URL('http://hook.ns.svc:443/path')
      const answer = await exchange({ method: 'POST', url: named, address, body: Buffer.from('{}'), ...limits })
      assert.deepEqual([answer.status, answer.body.toString()], [418, '{}'])
      assert.equal(answer.headers['x-host'], 'hook.ns.svc:443')
    })

    it('is not waited for by who has gone', async () => {
      const signal = AbortSignal.abort()
      await assert.rejects(exchange({ method: 'GET', url, signal, ...limits }))
    })
  })
})
