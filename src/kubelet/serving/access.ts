import type { TLSSocket } from 'node:tls'
import { TokenReview } from '../../api/authentication/v1/index.js'
import { SubjectAccessReview } from '../../api/authorization/v1/index.js'
import type { Client } from '../../client/client.js'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import { ServerError } from './server-error.js'

/** How long an answer of the API server's is believed, in milliseconds. */
const lifetimes = { token: 120_000, allowed: 300_000, denied: 30_000 }
const mostRemembered = 1000

interface Remembered<T> {
  readonly value: T
  readonly until: number
}

/**
 * Who may ask this node for something: whoever brings a client certificate of the cluster's authority or a token that the
 * API server knows, and whom the API server lets do it
 * (https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/).
 */
export class Access {
  readonly #tokens = new Map<string, Remembered<UserInfo>>()
  readonly #verdicts = new Map<string, Remembered<boolean>>()

  constructor(
    readonly client: Client,
    readonly clock: Clock,
    readonly nodeName: string,
  ) {}

  /** Throws `ServerError` unless the caller may use the resource `nodes/<subresource>`. */
  async check(
    socket: TLSSocket,
    authorization: string | undefined,
    verb: string,
    subresources: readonly string[],
  ): Promise<void> {
    const user = certifiedUser(socket) ?? (await this.#tokenUser(authorization).catch(unreviewed('Authentication')))
    if (!user) throw new ServerError(401, 'Unauthorized')
    if (user.groups.includes('system:masters')) return
    for (const subresource of subresources)
      if (await this.#allows(user, verb, subresource).catch(unreviewed('Authorization'))) return
    throw new ServerError(
      403,
      `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])`,
    )
  }

  async #tokenUser(authorization: string | undefined): Promise<UserInfo | undefined> {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    if (!token) return undefined
    const known = this.#recall(this.#tokens, token)
    if (known) return known
    const { status } = await this.client.create(TokenReview, { metadata: {}, spec: { token } })
    const { authenticated, user } = status
    if (!authenticated || !user?.username) return undefined
    const info: UserInfo = {
      name: user.username,
      groups: user.groups ?? [],
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
    }
    this.#remember(this.#tokens, token, info, lifetimes.token)
    return info
  }

  async #allows({ name, groups, uid, extra }: UserInfo, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([name, groups, uid, extra, verb, subresource])
    const known = this.#recall(this.#verdicts, key)
    if (known !== undefined) return known
    const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name: this.nodeName }
    const spec = { user: name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}), resourceAttributes }
    const { status } = await this.client.create(SubjectAccessReview, { metadata: {}, spec })
    this.#remember(this.#verdicts, key, status.allowed, status.allowed ? lifetimes.allowed : lifetimes.denied)
    return status.allowed
  }

  #recall<T>(memory: Map<string, Remembered<T>>, key: string): T | undefined {
    const found = memory.get(key)
    return found && found.until > this.clock.now() ? found.value : undefined
  }

  #remember<T>(memory: Map<string, Remembered<T>>, key: string, value: T, lifetime: number): void {
    if (memory.size >= mostRemembered) memory.clear()
    memory.set(key, { value, until: this.clock.now() + lifetime })
  }
}

/** Whom a verified client certificate names. */
function certifiedUser(socket: TLSSocket): UserInfo | undefined {
  if (!socket.authorized) return undefined
  const { subject } = socket.getPeerCertificate()
  const name = [subject?.CN].flat()[0]
  return name ? { name, groups: [subject.O ?? []].flat() } : undefined
}

/** The API server has not said whether it may be. */
const unreviewed =
  (what: string) =>
  (error: unknown): never => {
    throw new ServerError(500, `${what} error: ${error instanceof Error ? error.message : error}`)
  }
