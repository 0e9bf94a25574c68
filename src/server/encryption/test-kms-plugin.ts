import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import { decodeProtobuf, encodeProtobuf, type Infer, type MessageSchema } from '../../schema/index.js'
import { aesGcm, type Plain } from '../../storage/encryption/index.js'
import {
  DecryptRequest,
  DecryptResponse,
  EncryptRequest,
  EncryptResponse,
  StatusRequest,
  StatusResponse,
} from './kms-messages.js'

/** For tests: a KMS plugin on a Unix socket. Its key is chosen by `keyId`, and so are its faults. */
export class TestKmsPlugin implements AsyncDisposable {
  keyId = 'key-1'
  version = 'v2'
  healthz = 'ok'
  /** What calls are answered with instead, if set. */
  fault: string | undefined
  annotations: { readonly [name: string]: Uint8Array } = { 'version.encryption.example': Buffer.from('1') }
  readonly calls: string[] = []
  #server: Server | undefined

  private constructor(private readonly folder: string) {}

  /** One that does not listen yet. */
  static async make(): Promise<TestKmsPlugin> {
    return new TestKmsPlugin(await mkdtemp(join(tmpdir(), 't8s-kms-')))
  }

  get endpoint(): string {
    return `unix://${this.#socket}`
  }

  async listen(): Promise<this> {
    const server = new Server()
    const add = <Q, A>(name: string, request: MessageSchema<Q>, answer: MessageSchema<A>, handle: (value: Q) => A) => {
      const path = `/v2.KeyManagementService/${name}`
      const method = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: () => Buffer.alloc(0),
        requestDeserialize: (bytes: Buffer) => decodeProtobuf(request, bytes),
        responseSerialize: (value: A) => Buffer.from(encodeProtobuf(answer, value)),
        responseDeserialize: () => ({}),
      } as const
      server.addService(
        { [name]: method },
        {
          [name]: (call: ServerUnaryCall<Q, A>, done: sendUnaryData<A>) => {
            this.calls.push(name)
            try {
              if (this.fault) throw new Error(this.fault)
              done(null, handle(call.request))
            } catch (error) {
              done({ code: status.INTERNAL, details: (error as Error).message })
            }
          },
        },
      )
    }
    add('Status', StatusRequest, StatusResponse, () => ({
      version: this.version,
      healthz: this.healthz,
      keyId: this.keyId,
    }))
    add('Encrypt', EncryptRequest, EncryptResponse, request => this.#encrypt(request))
    add('Decrypt', DecryptRequest, DecryptResponse, request => this.#decrypt(request))
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`unix:${this.#socket}`, ServerCredentials.createInsecure(), error =>
        error ? reject(error) : resolve(),
      ),
    )
    this.#server = server
    return this
  }

  stop(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  get #socket(): string {
    return join(this.folder, 'plugin.sock')
  }

  #encrypt({ plaintext = new Uint8Array(0) }: Infer<typeof EncryptRequest>): Infer<typeof EncryptResponse> {
    const { keyId, annotations } = this
    return { ciphertext: keyOf(keyId).toStorage(plaintext, ''), keyId, annotations }
  }

  #decrypt({ ciphertext, keyId = '', annotations = {} }: Infer<typeof DecryptRequest>): Infer<typeof DecryptResponse> {
    if (Object.keys(annotations).join() !== Object.keys(this.annotations).join())
      throw new Error('annotations are lost')
    return { plaintext: (keyOf(keyId).fromStorage(ciphertext ?? new Uint8Array(0), '') as Plain).bytes }
  }
}

const keyOf = (id: string) => aesGcm(Buffer.alloc(32, id))
