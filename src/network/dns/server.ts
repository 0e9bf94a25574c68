import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Socket } from 'node:net'
import { framed } from './exchange.js'

/** Answers a message, or nothing. Never rejects. */
export type DnsHandler = (message: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>

export interface DnsListenOptions {
  readonly address: string
  /** 0 picks a free one. */
  readonly port: number
  readonly handler: DnsHandler
  readonly onError: (error: unknown) => void
}

export interface DnsListener extends AsyncDisposable {
  readonly port: number
}

/** A connection on which nothing is said for so many ms is closed. */
const idleMs = 10_000
const maxConnections = 256
/** Questions that one connection may have open; more wait in the connection. */
const maxPerConnection = 32
/** Bytes: many clients ask at once, and the kernel keeps little by itself. */
const receiveBuffer = 1 << 20

/** Listens for questions by UDP and TCP, on the same port. Rejects if it cannot. */
export async function listenDns(options: DnsListenOptions): Promise<DnsListener> {
  for (let attempt = 0; ; attempt++) {
    const tcp = await listenTcp(options)
    try {
      const udp = await listenUdp({ ...options, port: tcp.port })
      return {
        port: tcp.port,
        async [Symbol.asyncDispose]() {
          await Promise.all([udp[Symbol.asyncDispose](), tcp[Symbol.asyncDispose]()])
        },
      }
    } catch (error) {
      await tcp[Symbol.asyncDispose]()
      // A port that is free for TCP may be taken for UDP.
      if (options.port !== 0 || attempt === 9) throw error
    }
  }
}

async function listenUdp({ address, port, handler, onError }: DnsListenOptions): Promise<AsyncDisposable> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: receiveBuffer })
  const answer = async (message: Buffer, from: RemoteInfo) => {
    const response = await handler(message, 'udp')
    if (response) socket.send(response, from.port, from.address, () => {})
  }
  socket.on('message', (message, from) => {
    // The socket may be closed by the time there is an answer.
    answer(message, from).catch(() => {})
  })
  try {
    socket.bind(port, address)
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  socket.on('error', onError)
  return {
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

async function listenTcp({ address, port, handler, onError }: DnsListenOptions): Promise<DnsListener> {
  const open = new Set<Socket>()
  // Clients may say that they are done before they have heard all answers.
  const server = createServer({ allowHalfOpen: true }, socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    serveConnection(socket, handler)
  })
  server.maxConnections = maxConnections
  server.listen(port, address)
  await once(server, 'listening')
  server.on('error', onError)
  const bound = server.address()
  return {
    port: bound && typeof bound === 'object' ? bound.port : port,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}

function serveConnection(socket: Socket, handler: DnsHandler): void {
  let heard = Buffer.alloc(0)
  let open = 0
  let ended = false
  socket.setTimeout(idleMs, () => socket.destroy())
  socket.on('error', () => {})
  const advance = () => {
    while (open < maxPerConnection && heard.length >= 2) {
      const end = heard.readUInt16BE(0) + 2
      if (heard.length < end) break
      const message = heard.subarray(2, end)
      heard = heard.subarray(end)
      open++
      handler(message, 'tcp')
        .then(response => {
          if (response) socket.write(framed(response))
          else socket.destroy()
        })
        .catch(() => socket.destroy())
        .finally(() => {
          open--
          advance()
          if (ended && !open) socket.end()
        })
    }
    if (open < maxPerConnection) socket.resume()
    else socket.pause()
  }
  socket.on('end', () => {
    ended = true
    if (!open) socket.end()
  })
  socket.on('data', chunk => {
    heard = heard.length ? Buffer.concat([heard, chunk]) : chunk
    advance()
  })
}
