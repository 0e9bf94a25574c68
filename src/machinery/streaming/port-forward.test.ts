import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { type Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { StatusError } from '../status-error.js'
import { SpdyConnection } from './spdy-connection.js'
import type { SpdyStream } from './spdy-stream.js'
import { acceptSpdy } from './spdy-upgrade.js'
import { startUpgradeServer, type UpgradeServer } from './test-upgrade-server.js'
import { openWebSocket } from './test-websocket.js'
import { handlePortForwardUpgrade, portForwardPorts } from './upgrade-handlers.js'
import { webSocketBytes } from './websocket-bytes.js'

interface Nodes extends AsyncDisposable {
  readonly api: UpgradeServer
  readonly kubelet: UpgradeServer
}

/** An API server before a kubelet that echoes on port 7, and says of other ports that nothing listens there. */
async function startNodes(ports: readonly number[]): Promise<Nodes> {
  const kubelet = await startUpgradeServer(async upgrade => {
    const errors = new Map<string, SpdyStream>()
    const accepted = acceptSpdy(upgrade, ['portforward.k8s.io'], {
      accept: ({ streamtype, port }) => (streamtype === 'data' || streamtype === 'error') && Number(port) > 0,
      onStream(stream) {
        const { streamtype, port, requestid = '' } = stream.headers
        if (streamtype === 'error') errors.set(requestid, stream.resume())
        else if (port === '7') stream.pipe(stream).once('finish', () => errors.get(requestid)?.end())
        else {
          stream.resume().end()
          errors.get(requestid)?.end(`nothing listens on port ${port}`)
        }
      },
    })
    await accepted?.connection.closed
  })
  const backend = { url: new URL(`${kubelet.url}/portForward/default/box`) }
  const api = await startUpgradeServer(upgrade => handlePortForwardUpgrade(upgrade, { backend, ports }))
  const dispose = async () => {
    await api[Symbol.asyncDispose]()
    await kubelet[Symbol.asyncDispose]()
  }
  return { api, kubelet, [Symbol.asyncDispose]: dispose }
}

for (const protocol of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'portforward.k8s.io', '']) {
  test(`ports over channels, ${protocol || 'no protocol'}`, async () => {
    const base64 = protocol.includes('base64')
    await using nodes = await startNodes([7, 513])
    await using client = await openWebSocket(nodes.api.url, protocol ? [protocol] : [])
    assert.equal(client.socket.protocol, protocol)
    const read = base64 ? client.receivedBase64 : client.received
    const port = (value: number) => Buffer.from([value & 0xff, value >> 8]).toString()
    await client.until(() => read(3).includes('nothing'))
    client.socket.send(base64 ? `0${Buffer.from('echo').toString('base64')}` : Buffer.from('\0echo'))
    await client.until(() => read(0).includes('echo'))
    assert.deepEqual(
      [0, 1, 2, 3].map(channel => read(channel)),
      [`${port(7)}echo`, port(7), port(513), `${port(513)}nothing listens on port 513`],
    )
    client.socket.terminate()
    while (nodes.api.openSessions() + nodes.kubelet.openSessions() > 0) await turn()
  })
}

test('the connection ends with that of its ports', async () => {
  await using nodes = await startNodes([9])
  await using client = await openWebSocket(nodes.api.url, ['v4.channel.k8s.io'])
  assert.equal(await client.closed, 1000)
  assert.match(client.received(1), /nothing listens on port 9$/)
})

test('SPDY inside a WebSocket', async () => {
  await using nodes = await startNodes([])
  const tunnel = 'SPDY/3.1+portforward.k8s.io'
  await using connection = new SpdyConnection(await openTunnel(nodes.api.url, tunnel), { role: 'client' })
  const echo = async (index: number) => {
    const headers = { port: '7', requestid: String(index) }
    const errors = await connection.createStream({ streamtype: 'error', ...headers })
    errors.end()
    const data = await connection.createStream({ streamtype: 'data', ...headers })
    const content = Buffer.alloc(300_000, index)
    data.end(content)
    const chunks: Buffer[] = []
    for await (const chunk of data.iterator({ destroyOnReturn: false })) chunks.push(chunk)
    assert.ok(Buffer.concat(chunks).equals(content))
  }
  await Promise.all(Array.from({ length: 20 }, (_, index) => echo(index)))
  connection.destroy()
  while (nodes.api.openSessions() + nodes.kubelet.openSessions() > 0) await turn()
})

/**
 * The protocol's name is none to ws, neither to offer nor to be answered with; so the handshake is made by hand, and a
 * WebSocket made of its outcome in the way ws itself does.
 */
async function openTunnel(url: string, protocol: string): Promise<Duplex> {
  const asking = request(url, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol': `chat, ${protocol}`,
    },
  }).end()
  const [response, socket, head] = await once(asking, 'upgrade')
  assert.equal(response.headers['sec-websocket-protocol'], protocol)
  const webSocket = Reflect.construct(WebSocket, [null, undefined, {}])
  webSocket._isServer = false
  webSocket.setSocket(socket, head, { maxPayload: 0 })
  return webSocketBytes(webSocket)
}

test('a kubelet’s refusal is the answer to the client’s request', async () => {
  await using kubelet = await startUpgradeServer(({ socket }) => {
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nno such pod')
  })
  const forward = { backend: { url: new URL(kubelet.url) }, ports: [80] }
  await using api = await startUpgradeServer(upgrade => handlePortForwardUpgrade(upgrade, forward))
  await assert.rejects(openWebSocket(api.url, ['v4.channel.k8s.io']), /404/)
})

test('channels without ports are declined', async () => {
  await using nodes = await startNodes([])
  await assert.rejects(openWebSocket(nodes.api.url, ['v4.channel.k8s.io']), /400/)
})

const queries: readonly { readonly query: string; readonly ports?: readonly number[] }[] = [
  { query: '', ports: [] },
  { query: 'ports=80', ports: [80] },
  { query: 'ports=80,443&ports=65535', ports: [80, 443, 65535] },
  { query: 'ports=0' },
  { query: 'ports=65536' },
  { query: 'ports=http' },
  { query: 'ports=80,' },
]
for (const { query, ports } of queries) {
  test(`ports of ?${query}`, () => {
    const parse = () => portForwardPorts(new URLSearchParams(query))
    if (ports) assert.deepEqual(parse(), ports)
    else assert.throws(parse, (error: StatusError) => error.code === 400)
  })
}

test('bytes and text messages of a tunnel', async () => {
  const echo = new PassThrough()
  await using api = await startUpgradeServer(async upgrade => {
    const { acceptWebSocket } = await import('./websocket-accept.js')
    const accepted = await acceptWebSocket(upgrade, '')
    if (accepted) webSocketBytes(accepted).pipe(echo)
  })
  await using client = await openWebSocket(api.url, [])
  client.socket.send(Buffer.from('bytes'))
  const [chunk] = await once(echo, 'data')
  assert.equal(String(chunk), 'bytes')
  client.socket.send('text')
  assert.equal(await client.closed, 1003)
})
