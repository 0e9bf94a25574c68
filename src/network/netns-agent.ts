/**
 * A process of a network namespace of its own, for tests: `unshare --net node netns-agent.js`. Does what lines of JSON on
 * standard input ask for and answers on standard output. Ends with its standard input, and the namespace with it, so
 * that nothing is left of a test however it ended.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { runProgram } from './run-program.js'

export type AgentRequest =
  | { readonly do: 'run'; readonly argv: readonly [string, ...string[]]; readonly input?: string }
  | { readonly do: 'write'; readonly file: string; readonly text: string }
  /** Serves TCP or UDP: every client is told `answer` and the address it seems to come from. */
  | {
      readonly do: 'serve'
      readonly protocol: 'tcp' | 'udp'
      readonly port: number
      readonly answer: string
      readonly address?: string
    }
  | { readonly do: 'close'; readonly protocol: 'tcp' | 'udp'; readonly port: number }
  /** `socket` names a UDP socket that is used again under the same name. */
  | {
      readonly do: 'ask'
      readonly protocol: 'tcp' | 'udp'
      readonly address: string
      readonly port: number
      readonly socket?: string
      readonly timeoutMs: number
    }

const servers = new Map<string, Server | UdpSocket>()
const sockets = new Map<string, UdpSocket>()

async function perform(request: AgentRequest): Promise<string> {
  switch (request.do) {
    case 'run':
      return runProgram(request.argv, request.input === undefined ? {} : { input: request.input })
    case 'write':
      writeFileSync(request.file, request.text)
      return ''
    case 'serve':
      servers.set(`${request.protocol} ${request.port}`, await serve(request))
      return ''
    case 'close':
      servers.get(`${request.protocol} ${request.port}`)?.close()
      return ''
    case 'ask':
      return request.protocol === 'tcp' ? askTcp(request) : askUdp(request)
  }
}

function serve({
  protocol,
  port,
  answer,
  address = '::',
}: AgentRequest & { do: 'serve' }): Promise<Server | UdpSocket> {
  return new Promise((resolve, reject) => {
    if (protocol === 'tcp') {
      const server = createServer(socket => {
        socket.on('error', () => {})
        socket.end(`${answer} ${plain(socket.remoteAddress)}`)
      })
      server.once('error', reject).listen(port, address, () => resolve(server))
    } else {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      socket.on('message', (_message, from) => {
        socket.send(`${answer} ${plain(from.address)}`, from.port, from.address)
      })
      socket.once('error', reject).bind(port, address, () => resolve(socket))
    }
  })
}

function askTcp({ address, port, timeoutMs }: AgentRequest & { do: 'ask' }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: timeoutMs })
    let heard = ''
    socket.on('data', chunk => (heard += chunk.toString()))
    socket.on('end', () => resolve(heard)).on('error', reject)
    socket.on('timeout', () => {
      socket.destroy()
      reject(new Error('timeout'))
    })
  })
}

function askUdp({ address, port, timeoutMs, socket: name }: AgentRequest & { do: 'ask' }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = (name && sockets.get(name)) || createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const done = (finish: () => void) => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on('error', () => {})
      if (name) sockets.set(name, socket)
      else socket.close()
      finish()
    }
    const timer = setTimeout(() => done(() => reject(new Error('timeout'))), timeoutMs)
    socket.once('message', message => done(() => resolve(message.toString())))
    socket.once('error', error => done(() => reject(error)))
    if (name && sockets.has(name)) socket.send('?')
    else
      socket.connect(port, address, () => {
        // Called with an error, too, which its types do not say.
        if (connected(socket)) socket.send('?')
      })
  })
}

function connected(socket: UdpSocket): boolean {
  try {
    return socket.remoteAddress() !== undefined
  } catch {
    return false
  }
}

const plain = (address = ''): string => address.replace(/^::ffff:/, '')

const lines = createInterface({ input: process.stdin })
lines.on('line', line => {
  const { id, request } = JSON.parse(line) as { id: number; request: AgentRequest }
  perform(request).then(
    answer => console.log(JSON.stringify({ id, answer })),
    (error: Error & { code?: unknown; output?: unknown }) =>
      console.log(
        JSON.stringify({ id, error: { message: error.message, code: error.code ?? null, output: error.output } }),
      ),
  )
})
lines.on('close', () => process.exit())
