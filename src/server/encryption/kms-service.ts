import { createRequire } from 'node:module'
import type { ServiceError } from '@grpc/grpc-js'
import { decodeProtobuf, encodeProtobuf, type Infer, type MessageSchema } from '../../schema/index.js'
import {
  DecryptRequest,
  DecryptResponse,
  EncryptRequest,
  EncryptResponse,
  StatusRequest,
  StatusResponse,
} from './kms-messages.js'

const require = createRequire(import.meta.url)

/** The library takes a while to load, and few servers have a plugin. */
const grpc = (): typeof import('@grpc/grpc-js') => require('@grpc/grpc-js')

/** A KMS plugin. Each call rejects if the plugin does not answer in time, or answers with an error. */
export interface KmsService extends Disposable {
  status(): Promise<Infer<typeof StatusResponse>>
  encrypt(request: Infer<typeof EncryptRequest>): Promise<Infer<typeof EncryptResponse>>
  decrypt(request: Infer<typeof DecryptRequest>): Promise<Infer<typeof DecryptResponse>>
}

/** Is told of every call of a plugin: its method (`/v2.KeyManagementService/Encrypt`), the code of its answer. */
export type ObserveCall = (method: string, code: string, seconds: number) => void

/** An answer of a plugin that is an error. */
export class KmsError extends Error {
  constructor(
    /** gRPC's name of it, such as `DeadlineExceeded`. */
    readonly code: string,
    details: string,
  ) {
    super(`rpc error: code = ${code} desc = ${details}`)
  }
}

/** Speaks with the plugin at `endpoint`, `unix:///path` or `unix:///@abstract`. Connects when it is first called. */
export function kmsService(endpoint: string, timeoutMs: number, observe: ObserveCall = () => {}): KmsService {
  const { Client, credentials } = grpc()
  const client = new Client(addressOf(endpoint), credentials.createInsecure(), {
    // A plugin that starts is found within a second; the library's default would wait up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.use_local_subchannel_pool': 1,
    // The authority of a socket is its path otherwise, which some plugins refuse.
    'grpc.default_authority': 'localhost',
  })
  const method =
    <Q, A>(name: string, request: MessageSchema<Q, unknown>, answer: MessageSchema<A, unknown>) =>
    (value: Q): Promise<A> =>
      new Promise((resolve, reject) => {
        const path = `/v2.KeyManagementService/${name}`
        const begun = performance.now()
        client.makeUnaryRequest<Q, A>(
          path,
          message => Buffer.from(encodeProtobuf(request, message)),
          bytes => decodeProtobuf(answer, bytes),
          value,
          { deadline: Date.now() + timeoutMs },
          (error, response) => {
            const fault = error && kmsError(error)
            observe(path, fault?.code ?? 'OK', (performance.now() - begun) / 1000)
            if (fault || response === undefined) reject(fault ?? new KmsError('Internal', 'there was no answer'))
            else resolve(response)
          },
        )
      })
  const ask = method('Status', StatusRequest, StatusResponse)
  return {
    status: () => ask({}),
    encrypt: method('Encrypt', EncryptRequest, EncryptResponse),
    decrypt: method('Decrypt', DecryptRequest, DecryptResponse),
    [Symbol.dispose]: () => client.close(),
  }
}

function addressOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(?:\/\/)?/, '')
  return path.startsWith('/@') ? `unix:\0${path.slice(2)}` : `unix:${path}`
}

const kmsError = ({ code, details }: ServiceError): KmsError => new KmsError(codeName(code), details)

/** `DEADLINE_EXCEEDED` as Go writes it: `DeadlineExceeded`. */
const codeName = (code: number): string =>
  (grpc().status[code] ?? 'UNKNOWN')
    .toLowerCase()
    .replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
