import type { WebSocket } from 'ws'
import { internalError } from '../status-error.js'
import { ChannelSocket } from './channel-socket.js'
import type { SpdyConnection } from './spdy-connection.js'
import type { SpdyStream } from './spdy-stream.js'
import { UpgradeRefusedError } from './upgrade-dial.js'
import type { SessionOptions } from './upgrade-proxy.js'

/** What an exec or attach request asks for. With a `tty` there is no separate stderr. */
export interface RemoteCommand {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** How a command ended, as it is told on the error channel: a Status without kind. */
export interface CommandStatus {
  readonly metadata: Record<string, never>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: unknown
  readonly code?: number
}

/** The WebSocket subprotocols of exec and attach; the empty one stands for a client that names none. */
export const remoteCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  '',
] as const

export type RemoteCommandProtocol = (typeof remoteCommandProtocols)[number]

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

// More than any runtime has to say of an error.
const maxStatus = 1024 * 1024

const success: CommandStatus = { metadata: {}, status: 'Success' }

function failure(cause: unknown): CommandStatus {
  const refusal = cause instanceof UpgradeRefusedError ? refusalStatus(cause) : undefined
  if (refusal) return refusal
  const { message, reason, details, code } = internalError(cause instanceof Error ? cause.message : String(cause))
  return { metadata: {}, status: 'Failure', message, reason, ...(details ? { details } : {}), code }
}

/** What a backend that did not take the request has to say, if it says it as a Status. */
function refusalStatus({ body }: UpgradeRefusedError): CommandStatus | undefined {
  try {
    const { kind, apiVersion: _, ...status } = JSON.parse(body.toString('utf8'))
    return kind === 'Status' ? { ...status, metadata: {}, status: 'Failure' } : undefined
  } catch {
    return undefined
  }
}

/**
 * Serves exec or attach to a client over WebSocket, by way of a SPDY connection to the kubelet that `connect` opens; it is
 * closed in the end. Resolves when both sides are closed. Whatever goes wrong is told to the client on the error channel.
 */
export async function serveRemoteCommand(
  webSocket: WebSocket,
  connect: () => Promise<SpdyConnection>,
  command: RemoteCommand & { readonly protocol: RemoteCommandProtocol },
  options: SessionOptions = {},
): Promise<void> {
  const { stdin, stdout, tty, protocol } = command
  const stderr = command.stderr && !tty
  const client = new ChannelSocket(webSocket, protocol.includes('base64'), options)
  // An empty message on the first channel of output tells the client that it is connected.
  await client.send(stdout ? channels.stdout : stderr ? channels.stderr : channels.error, Buffer.alloc(0))
  let status: CommandStatus
  try {
    await using upstream = await connect()
    void client.closed.then(() => upstream.destroy())
    status = await runCommand(client, upstream, { stdin, stdout, stderr, tty }, protocol === 'v5.channel.k8s.io')
  } catch (error) {
    status = failure(error)
  }
  // Before version 4 the channel carries a message, and silence means success.
  const text = protocol.startsWith('v') ? JSON.stringify(status) : (status.message ?? '')
  if (text) await client.send(channels.error, Buffer.from(text))
  await client.finish()
}

async function runCommand(
  client: ChannelSocket,
  upstream: SpdyConnection,
  { stdin, stdout, stderr, tty }: RemoteCommand,
  halfClose: boolean,
): Promise<CommandStatus> {
  const open = async (wanted: boolean, streamtype: string): Promise<SpdyStream | undefined> =>
    wanted ? upstream.createStream({ streamtype }) : undefined
  const [error, input, output, errors, resize] = await Promise.all([
    upstream.createStream({ streamtype: 'error' }),
    open(stdin, 'stdin'),
    open(stdout, 'stdout'),
    open(stderr, 'stderr'),
    open(tty, 'resize'),
  ])
  const feeds = new Map<number, (data: Buffer) => void>()
  if (input) feeds.set(channels.stdin, client.feed(input.resume()))
  if (resize) feeds.set(channels.resize, client.feed(resize.resume()))
  client.start({
    onData: (channel, data) => feeds.get(channel)?.(data),
    ...(halfClose ? { onEnd: (channel: number) => channel === channels.stdin && input?.end() } : {}),
  })
  const pump = async (stream: SpdyStream | undefined, channel: number): Promise<void> => {
    if (!stream) return
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) await client.send(channel, chunk)
  }
  // The status goes last, so that a client that leaves on seeing it has missed nothing.
  const [text] = await Promise.all([readAll(error), pump(output, channels.stdout), pump(errors, channels.stderr)])
  if (!text && error.ending === 'lost') {
    throw new Error('the connection to the container was lost before the command ended')
  }
  return text ? parseStatus(text) : success
}

async function readAll(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > maxStatus) throw new Error('the error stream is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseStatus(text: string): CommandStatus {
  try {
    const status: unknown = JSON.parse(text)
    if (status && typeof status === 'object' && 'status' in status) return status as CommandStatus
  } catch {
    // Told below.
  }
  throw new Error(`error stream protocol error: unknown error: ${JSON.stringify(text)}`)
}
