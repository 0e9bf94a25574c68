import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js'
import type { MessageSchema } from '../../schema/index.js'
import { decodeProtobuf, encodeProtobuf } from '../../schema/index.js'
import { toRuntimeError } from './runtime-error.js'

/** A gRPC method: full path (`/package.Service/Method`) and what goes and comes. */
export interface GrpcMethod<out Request, out Response> {
  readonly path: string
  readonly request: MessageSchema<unknown, Request>
  readonly response: MessageSchema<Response, unknown>
}

export interface CallOptions {
  /** Cancels the call; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Milliseconds after which the call fails with `DeadlineExceeded`. */
  readonly timeout?: number
}

/** gRPC over a Unix socket. Connects on the first call, and again after the other side restarted. */
export interface GrpcConnection extends Disposable {
  /** Throws `RuntimeError`, or the signal's reason. */
  call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>
  /** The answers of a server-streaming method. Ends when the server ends it; otherwise throws as `call` does. */
  stream<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): AsyncIterable<Response>
}

const maxMessageSize = 16 << 20

/** Opens a connection to a Unix socket. `headers` go with every call. */
export function connectGrpc(socketPath: string, headers: Readonly<Record<string, string>> = {}): GrpcConnection {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageSize,
    'grpc.max_send_message_length': maxMessageSize,
    // A runtime that restarts is back within a second; the library's default would wait up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Each connection its own: a closed client must not leave sockets in a shared pool.
    'grpc.use_local_subchannel_pool': 1,
  })
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  const deadline = (timeout: number | undefined) => (timeout === undefined ? {} : { deadline: Date.now() + timeout })

  return {
    call<Request, Response>(method: GrpcMethod<Request, Response>, request: Request, options: CallOptions = {}) {
      const { signal, timeout } = options
      return new Promise<Response>((resolve, reject) => {
        signal?.throwIfAborted()
        const cancel = () => call.cancel()
        const call = client.makeUnaryRequest<Request, Response>(
          method.path,
          value => Buffer.from(encodeProtobuf(method.request as MessageSchema, value)),
          bytes => decodeProtobuf(method.response as MessageSchema<Response>, bytes),
          request,
          metadata,
          deadline(timeout),
          (error, response) => {
            signal?.removeEventListener('abort', cancel)
            if (!error && response !== undefined) resolve(response)
            else reject(signal?.aborted ? signal.reason : toRuntimeError(error))
          },
        )
        signal?.addEventListener('abort', cancel)
      })
    },

    async *stream<Request, Response>(
      method: GrpcMethod<Request, Response>,
      request: Request,
      { signal, timeout }: CallOptions = {},
    ) {
      signal?.throwIfAborted()
      const stream: ClientReadableStream<Response> = client.makeServerStreamRequest<Request, Response>(
        method.path,
        value => Buffer.from(encodeProtobuf(method.request as MessageSchema, value)),
        bytes => decodeProtobuf(method.response as MessageSchema<Response>, bytes),
        request,
        metadata,
        deadline(timeout),
      )
      // The library emits the cancellation's own error even after the iteration has ended.
      stream.on('error', () => {})
      const cancel = () => stream.cancel()
      signal?.addEventListener('abort', cancel)
      try {
        for await (const message of stream) yield message as Response
      } catch (error) {
        throw signal?.aborted ? signal.reason : toRuntimeError(error)
      } finally {
        signal?.removeEventListener('abort', cancel)
        stream.cancel()
      }
    },

    [Symbol.dispose]() {
      client.close()
    },
  }
}
