import type { Clock } from '../clock.js'
import type { ClientUpgrade } from './client-upgrade.js'
import type { CommandStatus, RemoteCommand } from './remote-command.js'
import type { SpdyConnection } from './spdy-connection.js'
import { SpdyError } from './spdy-error.js'
import type { SpdyStream } from './spdy-stream.js'
import { acceptSpdy, remoteCommandProtocol } from './spdy-upgrade.js'

/** The near end of exec or attach, as a container runtime has it, for tests. */
export interface RemoteCommandSession extends AsyncDisposable {
  readonly connection: SpdyConnection
  /** What the client types; ends when it does. */
  readonly stdin?: SpdyStream
  readonly stdout?: SpdyStream
  readonly stderr?: SpdyStream
  /** With a tty: a run of JSON objects with the terminal's new `Width` and `Height`. */
  readonly resize?: SpdyStream
  /** Ends the output, tells the client how the command ended, and closes the connection. */
  finish(status: CommandStatus): Promise<void>
}

const streamTimeout = 30_000

/**
 * Accepts exec or attach over SPDY. Answers with a Status and returns undefined if the client asks for anything else;
 * throws SpdyError if it does not open its streams within 30 seconds.
 */
export async function acceptRemoteCommand(
  upgrade: ClientUpgrade,
  command: RemoteCommand,
  clock: Clock,
): Promise<RemoteCommandSession | undefined> {
  const wanted = new Set(['error'])
  if (command.stdin) wanted.add('stdin')
  if (command.stdout) wanted.add('stdout')
  if (command.stderr && !command.tty) wanted.add('stderr')
  if (command.tty) wanted.add('resize')
  const streams = new Map<string, SpdyStream>()
  let completed = (): void => {}
  let failed = (_error: Error | undefined): void => {}
  const complete = new Promise<void>((resolve, reject) => {
    completed = resolve
    failed = reject
  })
  const accepted = acceptSpdy(upgrade, [remoteCommandProtocol], {
    clock,
    accept: ({ streamtype = '' }) => wanted.has(streamtype) && !streams.has(streamtype),
    onStream(stream) {
      streams.set(stream.headers['streamtype'] ?? '', stream)
      if (streams.size === wanted.size) completed()
    },
  })
  if (!accepted) return undefined
  const { connection } = accepted
  using _ = clock.after(streamTimeout, () => {
    failed(new SpdyError('the client did not open its streams in time'))
    connection.destroy()
  })
  void connection.closed.then(() => failed(connection.error))
  await complete
  const { error, stdin, stdout, stderr, resize } = Object.fromEntries(streams)
  for (const stream of [error, stdout, stderr]) stream?.resume()
  return {
    connection,
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    ...(resize ? { resize } : {}),
    async finish(status) {
      error?.end(JSON.stringify(status))
      for (const stream of [stdout, stderr, stdin, resize]) stream?.end()
      // The client need not end its side of anything; what it still sends is of no use.
      for (const stream of [stdin, resize]) stream?.resume()
      await Promise.all([error, stdout, stderr].map(stream => stream && written(stream)))
      for (const stream of streams.values()) if (!stream.over) stream.destroy()
      await connection.close()
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

const written = (stream: SpdyStream): Promise<void> =>
  new Promise(resolve => {
    if (stream.writableFinished || stream.destroyed) resolve()
    stream.once('finish', () => resolve())
    stream.once('close', () => resolve())
  })
