import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock, systemClock } from '../clock.js'
import type { RemoteCommand } from './remote-command.js'
import { acceptRemoteCommand, type RemoteCommandSession } from './test-command-server.js'
import { startUpgradeServer, type UpgradeServer } from './test-upgrade-server.js'
import { openWebSocket } from './test-websocket.js'
import { type ExecUpgrade, handleExecUpgrade } from './upgrade-handlers.js'

const everything: RemoteCommand = { stdin: true, stdout: true, stderr: true, tty: false }
const exitCode3 = {
  metadata: {},
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: 'command terminated with exit code 3',
  details: { causes: [{ reason: 'ExitCode', message: '3' }] },
} as const
const success = { metadata: {}, status: 'Success' } as const

interface Nodes extends AsyncDisposable {
  readonly api: UpgradeServer
  readonly kubelet: UpgradeServer
}

/** An API server before a kubelet that runs `program` for a command. */
async function startNodes(
  program: (session: RemoteCommandSession) => Promise<unknown>,
  options: Partial<ExecUpgrade> = {},
): Promise<Nodes> {
  const { command = everything, ...rest } = options
  const kubelet = await startUpgradeServer(async upgrade => {
    const session = await acceptRemoteCommand(upgrade, command, systemClock)
    if (session) await program(session)
  })
  const backend = { url: new URL(`${kubelet.url}/exec/default/box/web`) }
  const api = await startUpgradeServer(upgrade => handleExecUpgrade(upgrade, { backend, command, ...rest }))
  const dispose = async () => {
    await api[Symbol.asyncDispose]()
    await kubelet[Symbol.asyncDispose]()
  }
  return { api, kubelet, [Symbol.asyncDispose]: dispose }
}

/** Puts out what comes in, in capitals; ends at a line `end`. */
async function shout({ stdin, stdout, stderr, finish }: RemoteCommandSession): Promise<void> {
  stderr?.write('ready')
  for await (const chunk of stdin?.iterator({ destroyOnReturn: false }) ?? []) {
    stdout?.write(String(chunk).toUpperCase())
    if (String(chunk).includes('end')) break
  }
  await finish(exitCode3)
}

const tables: readonly {
  readonly offered: readonly string[]
  readonly chosen: string
  readonly base64?: boolean
  /** What the error channel says of exit code 3. */
  readonly status: unknown
}[] = [
  { offered: ['v5.channel.k8s.io'], chosen: 'v5.channel.k8s.io', status: exitCode3 },
  { offered: ['v4.channel.k8s.io', 'v5.channel.k8s.io'], chosen: 'v5.channel.k8s.io', status: exitCode3 },
  { offered: ['v4.channel.k8s.io', 'channel.k8s.io'], chosen: 'v4.channel.k8s.io', status: exitCode3 },
  { offered: ['v4.base64.channel.k8s.io'], chosen: 'v4.base64.channel.k8s.io', base64: true, status: exitCode3 },
  { offered: ['what', 'channel.k8s.io'], chosen: 'channel.k8s.io', status: exitCode3.message },
  { offered: ['base64.channel.k8s.io'], chosen: 'base64.channel.k8s.io', base64: true, status: exitCode3.message },
  { offered: [], chosen: '', status: exitCode3.message },
]
for (const { offered, chosen, base64 = false, status } of tables) {
  test(`exec with ${offered.join(' or ') || 'no protocol'} speaks ${chosen || 'binary channels'}`, async () => {
    await using nodes = await startNodes(shout)
    await using client = await openWebSocket(nodes.api.url, offered)
    assert.equal(client.socket.protocol, chosen)
    const read = base64 ? client.receivedBase64 : client.received
    await client.until(() => client.messages.length > 0)
    assert.deepEqual(client.messages[0], { binary: !base64, data: Buffer.from(base64 ? '1' : '\x01') })
    client.socket.send(base64 ? `0${Buffer.from('to the end').toString('base64')}` : Buffer.from('\0to the end'))
    assert.equal(await client.closed, 1000)
    assert.deepEqual([read(1), read(2)], ['TO THE END', 'ready'])
    assert.deepEqual(typeof status === 'string' ? read(3) : JSON.parse(read(3)), status)
    // Whoever leaves on seeing the status has missed nothing.
    assert.equal(client.messages.at(-1)?.data[0], base64 ? 0x33 : 3)
  })
}

test('version 5 can end stdin, and success is told', async () => {
  await using nodes = await startNodes(async ({ stdin, stdout, finish }) => {
    let size = 0
    for await (const chunk of stdin?.iterator({ destroyOnReturn: false }) ?? []) size += chunk.length
    stdout?.write(`${size}`)
    await finish(success)
  })
  await using client = await openWebSocket(nodes.api.url, ['v5.channel.k8s.io'])
  const chunk = Buffer.alloc(100_001)
  for (let index = 0; index < 100; index++) client.socket.send(chunk)
  client.socket.send(Buffer.from([255, 0]))
  client.socket.send(Buffer.from('\0too late'))
  assert.equal(await client.closed, 1000)
  assert.equal(client.received(1), '10000000')
  assert.deepEqual(JSON.parse(client.received(3)), success)
})

test('before version 4 silence is success', async () => {
  await using nodes = await startNodes(({ finish }) => finish(success))
  await using client = await openWebSocket(nodes.api.url, ['channel.k8s.io'])
  assert.equal(await client.closed, 1000)
  assert.equal(client.received(3), '')
})

test('a terminal has no stderr, but a size', async () => {
  const sizes: string[] = []
  const command = { ...everything, tty: true }
  const nodes = await startNodes(
    async ({ stderr, resize, finish }) => {
      assert.equal(stderr, undefined)
      for await (const chunk of resize?.iterator({ destroyOnReturn: false }) ?? []) {
        sizes.push(String(chunk))
        if (sizes.join('').includes('44')) break
      }
      await finish(success)
    },
    { command },
  )
  await using _ = nodes
  await using client = await openWebSocket(nodes.api.url, ['v5.channel.k8s.io'])
  client.socket.send(Buffer.from('\x04{"Width":80,"Height":24}\n'))
  client.socket.send(Buffer.from('\x04{"Width":132,"Height":44}\n'))
  assert.equal(await client.closed, 1000)
  assert.equal(sizes.join(''), '{"Width":80,"Height":24}\n{"Width":132,"Height":44}\n')
})

test('a command without stdin or stdout', async () => {
  const command = { stdin: false, stdout: false, stderr: true, tty: false }
  const program = async ({ stdin, stdout, stderr, finish }: RemoteCommandSession) => {
    assert.deepEqual([stdin, stdout], [undefined, undefined])
    stderr?.write('only this')
    await finish(success)
  }
  await using nodes = await startNodes(program, { command })
  await using client = await openWebSocket(nodes.api.url, ['v4.channel.k8s.io'])
  client.socket.send(Buffer.from('\0nobody reads it'))
  assert.equal(await client.closed, 1000)
  assert.deepEqual(client.messages[0]?.data, Buffer.from([2]))
  assert.equal(client.received(2), 'only this')
})

test('large output reaches a slow client whole, before the status', async () => {
  const size = 20 * 1024 * 1024
  await using nodes = await startNodes(async ({ stdout, finish }) => {
    stdout?.write(Buffer.alloc(size, 'x'))
    await finish(exitCode3)
  })
  await using client = await openWebSocket(nodes.api.url, ['v5.channel.k8s.io'])
  let received = 0
  client.socket.on('message', (data: Buffer) => {
    if (data[0] === 1) received += data.length - 1
    client.socket.pause()
    setImmediate(() => client.socket.resume())
  })
  assert.equal(await client.closed, 1000)
  assert.equal(received, size)
  assert.deepEqual(JSON.parse(client.received(3)), exitCode3)
})

test('a kubelet that declines is told of on the error channel', async () => {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404 }
  const { kind: _, apiVersion: __, ...told } = { ...status, message: 'container not found ("web")' }
  await using kubelet = await startUpgradeServer(({ socket }) => {
    const body = JSON.stringify({ ...status, message: told.message })
    socket.end(
      `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  })
  const exec = { backend: { url: new URL(kubelet.url) }, command: everything }
  await using api = await startUpgradeServer(upgrade => handleExecUpgrade(upgrade, exec))
  await using client = await openWebSocket(api.url, ['v5.channel.k8s.io'])
  assert.equal(await client.closed, 1000)
  assert.deepEqual(JSON.parse(client.received(3)), told)
})

test('so is one that cannot be reached', async () => {
  const exec = { backend: { url: new URL('http://127.0.0.1:1') }, command: everything }
  await using api = await startUpgradeServer(upgrade => handleExecUpgrade(upgrade, exec))
  await using client = await openWebSocket(api.url, ['v5.channel.k8s.io'])
  assert.equal(await client.closed, 1000)
  const { status, reason, code, message } = JSON.parse(client.received(3))
  assert.deepEqual([status, reason, code], ['Failure', 'InternalError', 500])
  assert.match(message, /^Internal error occurred: error dialing backend: .*ECONNREFUSED/)
})

test('a connection lost on the way is no success', async () => {
  await using nodes = await startNodes(async ({ stdout, connection }) => {
    await new Promise<void>(resolve => stdout?.write('partial', () => resolve()))
    connection.destroy()
  })
  await using client = await openWebSocket(nodes.api.url, ['v5.channel.k8s.io'])
  assert.equal(await client.closed, 1000)
  assert.equal(client.received(1), 'partial')
  assert.match(JSON.parse(client.received(3)).message, /connection to the container was lost/)
})

const endings: readonly {
  readonly name: string
  end(leave: () => void, abort: () => void, clock: ManualClock): void
}[] = [
  { name: 'the client leaves', end: leave => leave() },
  { name: 'the server shuts down', end: (_, abort) => abort() },
  { name: 'nothing happens for too long', end: (_, __, clock) => clock.advance(60_000) },
]
for (const { name, end } of endings) {
  test(`both sides are closed when ${name}`, async () => {
    const [clock, controller] = [new ManualClock(), new AbortController()]
    const lost = { stdin: '' as string | undefined }
    await using nodes = await startNodes(
      async ({ stdin, stdout }) => {
        stdout?.write('started')
        stdin?.resume()
        if (stdin) await once(stdin, 'end')
        lost.stdin = stdin?.ending
      },
      { clock, signal: controller.signal, idleTimeout: 60_000 },
    )
    await using client = await openWebSocket(nodes.api.url, ['v5.channel.k8s.io'])
    await client.until(() => client.received(1) === 'started')
    end(
      () => client.socket.terminate(),
      () => controller.abort(),
      clock,
    )
    await client.closed
    while (nodes.api.openSessions() + nodes.kubelet.openSessions() > 0) await turn()
    assert.equal(lost.stdin, 'lost')
  })
}

const refusals: readonly {
  readonly name: string
  readonly method?: string
  readonly headers: { readonly [name: string]: string }
  readonly code: number
  readonly message: RegExp
}[] = [
  {
    name: 'no protocol that is spoken',
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'v9.channel.k8s.io, chat' },
    code: 403,
    message: /not supported: \[v9.channel.k8s.io chat\]; supports \[v5.channel.k8s.io /,
  },
  {
    name: 'an unknown upgrade',
    headers: { Upgrade: 'h2c' },
    code: 400,
    message: /^Upgrade request required$/,
  },
  {
    name: 'a WebSocket by POST',
    method: 'POST',
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
    code: 400,
    message: /is a GET/,
  },
  {
    name: 'an old WebSocket',
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '8' },
    code: 400,
    message: /use 13/,
  },
  {
    name: 'a WebSocket without a key',
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': '???' },
    code: 400,
    message: /Sec-WebSocket-Key/,
  },
]
for (const { name, method = 'GET', headers, code, message } of refusals) {
  test(`declines ${name}`, async () => {
    await using nodes = await startNodes(shout)
    const asking = request(nodes.api.url, { method, headers: { Connection: 'Upgrade', ...headers } }).end()
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    const status = (await json(response)) as { kind: string; code: number; message: string }
    assert.equal(response.statusCode, code)
    assert.deepEqual([status.kind, status.code], ['Status', code])
    assert.match(status.message, message)
  })
}

test('a bearer token among the protocols is none of them', async () => {
  await using nodes = await startNodes(shout)
  const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0'
  await using client = await openWebSocket(nodes.api.url, [token, 'v4.channel.k8s.io'])
  assert.equal(client.socket.protocol, 'v4.channel.k8s.io')
})
