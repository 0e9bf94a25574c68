import type { Duplex } from 'node:stream'

/**
 * The transport-free shapes of a request and an answer. HTTP/1.1, HTTP/2 and the direct transport of a component in
 * the same process are adapters around one function `(ApiRequest) => Promise<ApiResponse>`.
 */

export interface ApiRequest {
  readonly method: string
  /** Decoded by segment only where it is used; begins with `/`, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Path and query as the client wrote them, where the transport keeps that. */
  readonly target?: string
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined }
  /** Names and values in turn, as they came: for headers that may come several times. */
  readonly rawHeaders?: readonly string[]
  readonly body: RequestBody
  /** Aborts when the client goes away or the server gives up on the request. */
  readonly signal: AbortSignal
  readonly remoteAddress: string
  /** There if the TLS handshake brought one, whether it is believed or not. */
  readonly clientCertificate?: ClientCertificate
  /** Set by the direct transport alone: who the caller is needs no proof inside the process. */
  readonly user?: UserInfo
  /** Set, too, by the direct transport alone: a part of the server asks, for which there is also what is not served. */
  readonly ofComponent?: boolean
  /** There when the client asks for an upgraded connection (exec, attach, port-forward); using it takes over the socket. */
  readonly upgrade?: UpgradeRequest
}

export interface ClientCertificate {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Milliseconds since the epoch; a connection may outlive its certificate. */
  readonly expires: number
  /** SHA-256 fingerprint of the root that vouches for it. */
  readonly authority?: string
  /** Why it is not believed; absent if a trusted authority signed it for clients. */
  readonly fault?: string
}

/** Who makes a request, as authentication found it. */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: { readonly [key: string]: readonly string[] }
}

export type RequestBody =
  | { readonly kind: 'none' }
  /** `read` collects the body, at most `limit` bytes; throws a 413 StatusError beyond. */
  | {
      readonly kind: 'bytes'
      read(limit: number): Promise<Buffer>
      /** The body as it comes, of any length; in place of `read`. */
      open?(): AsyncIterable<Uint8Array>
    }
  /** The direct transport hands the object over as it is; the server copies before it changes anything. */
  | { readonly kind: 'object'; readonly value: unknown }

export interface UpgradeRequest {
  readonly socket: Duplex
  readonly head: Buffer
  /** As the client sent them; upgrade handlers forward them. */
  readonly rawUrl: string
}

export interface ApiResponse {
  readonly status: number
  readonly headers: { readonly [name: string]: string | readonly string[] }
  readonly body: ResponseBody
}

export type ResponseBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly chunks: readonly Uint8Array[] }
  /** A body that comes over time (watch, log -f, long lists). Ends when the iteration does. */
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> | ByteFeed }
  /** For the direct transport: frozen objects instead of bytes. */
  | { readonly kind: 'object'; readonly value: unknown }
  | { readonly kind: 'objects'; readonly values: AsyncIterable<unknown> }
  /** The handler has taken the upgraded socket and answers there. */
  | { readonly kind: 'upgraded' }

/**
 * Bytes that come over time, to be taken as they gather: cheaper than iterating where thousands wait for the same. They
 * are taken or iterated over, not both.
 */
export interface ByteFeed extends AsyncIterable<Uint8Array> {
  /** Everything has been taken, and nothing will come. */
  readonly ended: boolean
  /** What has gathered, or a part of it; undefined if there is nothing yet. */
  take(): Uint8Array | undefined
  /** Calls `action` once, soon after there is something to take or the end has come. */
  whenReady(action: () => void): void
  /** Nobody will take any more; to be called once the end has come, too. */
  close(): void
}

export type Handler = (request: ApiRequest) => Promise<ApiResponse>
