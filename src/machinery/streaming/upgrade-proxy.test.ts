import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../clock.js'
import type { ClientUpgrade } from './client-upgrade.js'
import { createTestCertificates } from './test-certificates.js'
import { startUpgradeServer, type UpgradeServer } from './test-upgrade-server.js'
import { dialUpgrade, UpgradeRefusedError } from './upgrade-dial.js'
import { forwardedHeaders, handleProxyUpgrade, pipeSockets, type SessionOptions } from './upgrade-proxy.js'

/** Agrees to an upgrade to `echo` and sends everything back, in capitals. */
const shouting = ({ socket, head }: Pick<ClientUpgrade, 'socket' | 'head'>): void => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Chosen: a\r\n\r\nHELLO ')
  socket.unshift(head)
  socket.on('data', chunk => socket.write(String(chunk).toUpperCase()))
  socket.on('end', () => socket.end(' BYE'))
  socket.on('error', () => {})
}

const proxyTo = (backend: UpgradeServer, options: SessionOptions = {}): Promise<UpgradeServer> =>
  startUpgradeServer(upgrade => handleProxyUpgrade(upgrade, { url: new URL(`${backend.url}/exec?a=b`) }, options))

const ask = (url: string, headers: { readonly [name: string]: string | string[] } = {}, method = 'POST') =>
  request(url, { method, headers: { Connection: 'Upgrade', Upgrade: 'echo', ...headers } }).end()

test('bytes pass both ways, and either side may end first', async () => {
  await using backend = await startUpgradeServer(shouting)
  await using proxy = await proxyTo(backend)
  const [response, socket, head] = (await once(ask(proxy.url), 'upgrade')) as [IncomingMessage, Duplex, Buffer]
  assert.deepEqual([response.headers['upgrade'], response.headers['x-chosen']], ['echo', 'a'])
  socket.unshift(head)
  socket.end('hey')
  assert.equal(await text(socket), 'HELLO HEY BYE')
  while (proxy.openSessions() > 0) await turn()
})

test('what the backend sees of the request', async () => {
  let seen: IncomingMessage | undefined
  await using backend = await startUpgradeServer(upgrade => {
    seen = upgrade.request as IncomingMessage
    shouting(upgrade)
  })
  await using proxy = await proxyTo(backend)
  const asking = ask(
    proxy.url,
    {
      'X-Stream-Protocol-Version': ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
      Authorization: 'Bearer secret',
      'User-Agent': 'kubectl',
    },
    'GET',
  )
  const [, socket] = (await once(asking, 'upgrade')) as [IncomingMessage, Duplex]
  socket.destroy()
  const raw = seen?.rawHeaders ?? []
  const versions = raw.filter((_, index) => raw[index - 1]?.toLowerCase() === 'x-stream-protocol-version')
  assert.deepEqual(versions, ['v5.channel.k8s.io', 'v4.channel.k8s.io'])
  assert.deepEqual([seen?.method, seen?.url], ['GET', '/exec?a=b'])
  assert.deepEqual([seen?.headers['user-agent'], seen?.headers.authorization], ['kubectl', undefined])
})

test('headers that are withheld', () => {
  const headers = {
    host: 'api',
    connection: 'Upgrade',
    upgrade: 'websocket',
    authorization: 'Bearer secret',
    'impersonate-user': 'admin',
    'impersonate-extra-scopes': 'all',
    'x-remote-user': 'admin',
    'proxy-authorization': 'Basic',
    'content-length': '0',
    'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io, chat',
    'sec-websocket-key': 'key',
    origin: 'http://dashboard',
    absent: undefined,
  }
  assert.deepEqual(forwardedHeaders(headers), {
    upgrade: 'websocket',
    'sec-websocket-protocol': 'v4.channel.k8s.io, chat',
    'sec-websocket-key': 'key',
    origin: 'http://dashboard',
  })
})

test('a refusal is passed back as it is', async () => {
  await using backend = await startUpgradeServer(({ socket }) => {
    socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: not you\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n')
  })
  await using proxy = await proxyTo(backend)
  const [response] = (await once(ask(proxy.url), 'response')) as [IncomingMessage]
  assert.deepEqual([response.statusCode, response.headers['x-why'], await text(response)], [403, 'not you', 'nope'])
})

test('a backend out of reach is a 500', async () => {
  await using proxy = await startUpgradeServer(upgrade =>
    handleProxyUpgrade(upgrade, { url: new URL('http://127.0.0.1:1') }),
  )
  const [response] = (await once(ask(proxy.url), 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 500)
  const status = (await json(response)) as { kind: string; message: string }
  assert.equal(status.kind, 'Status')
  assert.match(status.message, /^error dialing backend: .*ECONNREFUSED/)
})

test('a client that leaves while the backend thinks is not waited for', async () => {
  const asked: Duplex[] = []
  await using backend = await startUpgradeServer(({ socket }) => void asked.push(socket))
  await using proxy = await proxyTo(backend)
  const asking = ask(proxy.url).on('error', () => {})
  while (asked.length === 0) await turn()
  const [socket] = asked
  socket?.resume()
  // Its reset is noticed although nothing is read from it.
  ;(asking.socket as unknown as { resetAndDestroy(): void }).resetAndDestroy()
  if (socket && !socket.closed) await Promise.race([once(socket, 'close'), once(socket, 'end')])
})

const ends: readonly { readonly name: string; end(controller: AbortController, clock: ManualClock): void }[] = [
  { name: 'aborted', end: controller => controller.abort() },
  { name: 'idle', end: (_, clock) => clock.advance(60_000) },
]
for (const { name, end } of ends) {
  test(`a session that is ${name} is cut on both sides`, async () => {
    const [controller, clock] = [new AbortController(), new ManualClock()]
    const [client, near] = duplexPair()
    const [far, backend] = duplexPair()
    const piping = pipeSockets(near, far, { signal: controller.signal, clock, idleTimeout: 60_000 })
    client.write('ping')
    assert.equal(String((await once(backend, 'data'))[0]), 'ping')
    end(controller, clock)
    await piping
    assert.ok(near.destroyed && far.destroyed)
  })
}

test('use puts idleness off', async () => {
  const clock = new ManualClock()
  const [client, near] = duplexPair()
  const [far, backend] = duplexPair()
  const piping = pipeSockets(near, far, { clock, idleTimeout: 60_000 })
  for (let round = 0; round < 5; round++) {
    clock.advance(59_000)
    client.write('ping')
    await once(backend, 'data')
  }
  assert.ok(!near.destroyed)
  clock.advance(60_000)
  await piping
})

test('a client that has left is not kept for a silent backend', async () => {
  const clock = new ManualClock()
  const [client, near] = duplexPair()
  const [far, backend] = duplexPair()
  const piping = pipeSockets(near, far, { clock })
  client.end('last words')
  assert.equal(await text(backend.iterator({ destroyOnReturn: false })), 'last words')
  assert.ok(!far.destroyed)
  clock.advance(30_000)
  await piping
})

test('a client may take its time for the rest of the output', async () => {
  const clock = new ManualClock()
  const [client, near] = duplexPair()
  const [far, backend] = duplexPair()
  const piping = pipeSockets(near, far, { clock })
  const output = Buffer.alloc(1024 * 1024, 'x')
  backend.resume().end(output)
  clock.advance(14 * 60_000)
  assert.equal((await text(client.iterator({ destroyOnReturn: false }))).length, output.length)
  client.end()
  await piping
})

test('over TLS the backend proves itself, and we to it', async () => {
  const { server, client } = await createTestCertificates()
  const subjects: unknown[] = []
  await using backend = await startUpgradeServer(
    upgrade => {
      const { socket } = upgrade as unknown as { socket: { getPeerCertificate(): { subject: { CN: string } } } }
      subjects.push(socket.getPeerCertificate().subject.CN)
      shouting(upgrade)
    },
    { tls: { ...server, requestCert: true } },
  )
  const url = new URL(backend.url)
  await using proxy = await startUpgradeServer(upgrade => handleProxyUpgrade(upgrade, { url, tls: client }))
  const [, socket, head] = (await once(ask(proxy.url), 'upgrade')) as [IncomingMessage, Duplex, Buffer]
  socket.unshift(head)
  socket.end('hey')
  assert.equal(await text(socket), 'HELLO HEY BYE')
  assert.deepEqual(subjects, ['client'])
  const headers = { Upgrade: 'echo' }
  await assert.rejects(dialUpgrade({ url, headers }), { code: /CERT|SIGNED|ISSUER|VERIFY/ })
})

test('dialling: refusal, silence and abort', async () => {
  const clock = new ManualClock()
  await using refusing = await startUpgradeServer(({ socket }) => {
    const body = JSON.stringify({ kind: 'Status', message: 'not today' })
    socket.end(`HTTP/1.1 503 Service Unavailable\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  })
  const headers = { Upgrade: 'echo' }
  await assert.rejects(dialUpgrade({ url: new URL(refusing.url), headers }), (error: UpgradeRefusedError) => {
    assert.ok(error instanceof UpgradeRefusedError)
    assert.equal(error.message, 'unable to upgrade connection: not today')
    return error.response.status === 503
  })
  await using silent = await startUpgradeServer(() => {})
  const url = new URL(silent.url)
  const waiting = dialUpgrade({ url, headers, clock })
  clock.advance(30_000)
  await assert.rejects(waiting, /did not answer the upgrade within 30 s/)
  const controller = new AbortController()
  const aborted = dialUpgrade({ url, headers, signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(aborted, /enough/)
  await assert.rejects(dialUpgrade({ url, headers, signal: AbortSignal.abort(new Error('before')) }), /before/)
})

test('what a backend said before it hung up on our input is not lost', async t => {
  // No more than the client's side of the connection is ready to hold: what is still at the backend goes with it.
  const size = 32 * 1024
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      // Never reads what is sent to it: closing resets the connection.
      socket.pause()
      socket.write(Buffer.alloc(size, 'x'), () => socket.resetAndDestroy())
    })
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const { socket, head } = await dialUpgrade({ url: new URL(`http://127.0.0.1:${port}`), headers: { Upgrade: 'echo' } })
  let received = head.length
  socket.on('error', () => {})
  let writing = true
  const flood = () => {
    if (!writing) return
    socket.write(Buffer.alloc(64 * 1024))
    setImmediate(flood)
  }
  flood()
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    // So slowly that the reset is there before the end of the data.
    socket.pause()
    setImmediate(() => setImmediate(() => socket.resume()))
  })
  await Promise.race([once(socket, 'end'), once(socket, 'close')])
  writing = false
  socket.destroy()
  assert.equal(received, size)
})

test('what was received before a reset can be read after it', async t => {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}))
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const { socket } = await dialUpgrade({ url: new URL(`http://127.0.0.1:${port}`), headers: { Upgrade: 'echo' } })
  // Nobody reads it yet, but it is taken in.
  sockets[0]?.write('the last words')
  while (socket.readableLength === 0) await turn()
  sockets[0]?.resetAndDestroy()
  for (let count = 0; count < 20; count++) await turn()
  assert.equal(await text(socket), 'the last words')
})
