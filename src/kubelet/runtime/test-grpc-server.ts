import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js'
import { decodeProtobuf, encodeProtobuf, type MessageSchema } from '../../schema/index.js'
import type { GrpcMethod } from './grpc-connection.js'

/** For tests: answers the given gRPC methods on a Unix socket. */
export interface FakeServer extends AsyncDisposable {
  readonly socket: string
  start(): Promise<void>
  /** Breaks all connections; `start` serves again on the same socket. */
  stop(): void
}

export interface FakeMethod {
  readonly method: GrpcMethod<unknown, unknown>
  readonly handle: UntypedHandleCall
  readonly streams?: boolean
}

/** Makes a server in a temporary folder; it is not started yet. */
export async function fakeServer(methods: readonly FakeMethod[]): Promise<FakeServer> {
  const folder = await mkdtemp(join(tmpdir(), 't8s-grpc-'))
  const socket = join(folder, 'socket')
  let server: Server | undefined
  const stop = () => {
    server?.forceShutdown()
    server = undefined
  }
  return {
    socket,
    stop,
    async start() {
      const started = new Server()
      for (const { method, handle, streams = false } of methods) {
        const definition = {
          path: method.path,
          requestStream: false,
          responseStream: streams,
          requestSerialize: () => Buffer.alloc(0),
          requestDeserialize: (bytes: Buffer) => decodeProtobuf(method.request as MessageSchema, bytes),
          responseSerialize: (value: unknown) => Buffer.from(encodeProtobuf(method.response as MessageSchema, value)),
          responseDeserialize: () => ({}),
        } as const
        started.addService({ [method.path]: definition }, { [method.path]: handle })
      }
      await rm(socket, { force: true })
      await new Promise<void>((resolve, reject) =>
        started.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), error =>
          error ? reject(error) : resolve(),
        ),
      )
      server = started
    },
    async [Symbol.asyncDispose]() {
      stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
