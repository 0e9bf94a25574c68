import { Node, Pod, Secret, ServiceAccount } from '../../api/core/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Registries } from '../registry/registries.js'
import { noteTokenUse } from './legacy-token-use.js'
import type { TokenSubjects } from './service-account-tokens.js'

/** What is deleted keeps its tokens this much longer than its own end, in ms: it may need them to end well. */
const leewayMs = 60_000

/** Looks a token's subjects up in the caches: whether they still are who they were when it was issued. */
export function tokenSubjects(registries: Registries, onError: (error: unknown) => void): TokenSubjects {
  const liveUid = (object: ApiObject | undefined, now: number): string | undefined => {
    const { uid, deletionTimestamp } = object?.metadata ?? {}
    return deletionTimestamp && Date.parse(deletionTimestamp) + leewayMs < now ? undefined : uid
  }
  const now = (): number => registries.of(ServiceAccount).host.clock.now()
  const bound = {
    Pod: (namespace: string, name: string) => registries.of(Pod).cache.get(`${namespace}/${name}`)?.object,
    Secret: (namespace: string, name: string) => registries.of(Secret).cache.get(`${namespace}/${name}`)?.object,
    Node: (_namespace: string, name: string) => registries.of(Node).cache.get(name)?.object,
  }
  return {
    serviceAccountUid: (namespace, name) =>
      liveUid(registries.of(ServiceAccount).cache.get(`${namespace}/${name}`)?.object, now()),
    boundUid: (namespace, { kind, name }) => liveUid(bound[kind](namespace, name), now()),
    legacyTokenUsed: noteTokenUse(registries, onError),
    legacyToken(namespace, name) {
      const secret = registries.of(Secret).cache.get(`${namespace}/${name}`)?.object
      if (!secret || secret.metadata.deletionTimestamp) return undefined
      // Tokens that nobody has used for long are put out of force by this label.
      if (secret.metadata.labels?.['kubernetes.io/legacy-token-invalid-since']) return undefined
      const token = secret.data?.['token']
      return token === undefined ? undefined : Buffer.from(String(token), 'base64').toString()
    },
  }
}
