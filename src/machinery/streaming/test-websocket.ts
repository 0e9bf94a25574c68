import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

export interface ReceivedMessage {
  readonly binary: boolean
  readonly data: Buffer
}

/** For tests: a WebSocket client that notes what it receives. */
export interface TestWebSocket extends AsyncDisposable {
  readonly socket: WebSocket
  readonly messages: ReceivedMessage[]
  /** Settles with the code of the closing. */
  readonly closed: Promise<number>
  /** What came on a channel of one byte, joined. */
  received(channel: number): string
  /** What came on a channel of one base64 digit, joined. */
  receivedBase64(channel: number): string
  /** Resolves when the condition holds, which is tried after each message. */
  until(condition: () => boolean): Promise<void>
}

/** Connects to an http(s) address; rejects if the server declines. */
export async function openWebSocket(
  url: string,
  protocols: readonly string[],
  options: ClientOptions = {},
): Promise<TestWebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], options)
  const messages: ReceivedMessage[] = []
  socket.on('message', (data: Buffer, binary) => messages.push({ binary, data }))
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)))
  await once(socket, 'open')
  return {
    socket,
    messages,
    closed,
    received: channel =>
      messages
        .filter(({ data, binary }) => binary && data[0] === channel)
        .map(({ data }) => data.toString('utf8', 1))
        .join(''),
    receivedBase64: channel =>
      messages
        .filter(({ data, binary }) => !binary && data[0] === 0x30 + channel)
        .map(({ data }) => Buffer.from(data.toString('latin1', 1), 'base64').toString())
        .join(''),
    async until(condition) {
      while (!condition()) {
        if (socket.readyState === WebSocket.CLOSED) throw new Error('the connection closed before')
        await Promise.race([once(socket, 'message'), closed])
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate()
      await closed
    },
  }
}
