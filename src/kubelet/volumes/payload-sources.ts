import type { Pod, Volume, VolumeProjection } from '../../api/core/v1/index.js'
import type { NodeView } from '../container/field-values.js'
import type { Reference, ReferencedObjects } from '../referenced-objects.js'
import { configMapPayload, defaultMode, downwardPayload, type Payload, secretPayload } from './payload.js'
import { VolumeError } from './volume-error.js'

/** Where the content of a pod's volumes comes from. */
export interface PayloadSources {
  readonly objects: ObjectSource
  readonly token: (audience: string | undefined, lifetime: number) => Promise<string>
  readonly node: NodeView
}

/** The ConfigMaps and Secrets that one pod uses, each followed from its first use until the pod goes. */
export class ObjectSource implements Disposable {
  readonly #references = new Map<string, Reference<unknown>>()

  constructor(
    readonly objects: ReferencedObjects,
    readonly namespace: string,
    readonly changed: () => void,
  ) {}

  configMap(name: string) {
    return this.#reference(`c/${name}`, () => this.objects.configMap(this.namespace, name, this.changed)).current()
  }

  secret(name: string) {
    return this.#reference(`s/${name}`, () => this.objects.secret(this.namespace, name, this.changed)).current()
  }

  [Symbol.dispose](): void {
    for (const reference of this.#references.values()) reference[Symbol.dispose]()
    this.#references.clear()
  }

  #reference<T>(key: string, use: () => Reference<T>): Reference<T> {
    let reference = this.#references.get(key) as Reference<T> | undefined
    if (!reference) {
      reference = use()
      this.#references.set(key, reference)
    }
    return reference
  }
}

export const isPayloadVolume = ({ configMap, secret, downwardAPI, projected }: Volume): boolean =>
  Boolean(configMap ?? secret ?? downwardAPI ?? projected)

/** Least permission of a token's file where others than root must not read it. */
const tokenMode = 0o600
const tokenLifetime = 3600

/** The files of a volume as they should be now. Throws `VolumeError`, or the `StatusError` that kept it from knowing. */
export async function volumePayload(pod: Pod, volume: Volume, sources: PayloadSources): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) {
    const { name = '', defaultMode: mode = defaultMode } = configMap
    return configMapPayload(name, await sources.objects.configMap(name), { ...configMap, mode })
  }
  if (secret) {
    const { secretName = '', defaultMode: mode = defaultMode } = secret
    return secretPayload(secretName, await sources.objects.secret(secretName), { ...secret, mode })
  }
  if (downwardAPI)
    return downwardPayload(pod, downwardAPI.items ?? [], downwardAPI.defaultMode ?? defaultMode, sources.node)
  const mode = projected?.defaultMode ?? defaultMode
  const parts = await Promise.all((projected?.sources ?? []).map(source => projection(pod, source, mode, sources)))
  return new Map(parts.flatMap(part => [...part]))
}

async function projection(
  pod: Pod,
  { configMap, secret, downwardAPI, serviceAccountToken, ...others }: VolumeProjection,
  mode: number,
  sources: PayloadSources,
): Promise<Payload> {
  if (configMap) {
    const { name = '' } = configMap
    return configMapPayload(name, await sources.objects.configMap(name), { ...configMap, mode })
  }
  if (secret) {
    const { name = '' } = secret
    return secretPayload(name, await sources.objects.secret(name), { ...secret, mode })
  }
  if (downwardAPI) return downwardPayload(pod, downwardAPI.items ?? [], mode, sources.node)
  if (!serviceAccountToken)
    throw new VolumeError(`unsupported volume projection ${Object.keys(others).join(', ') || '{}'}`)
  const { audience, expirationSeconds = tokenLifetime, path } = serviceAccountToken
  const token = await sources.token(audience, expirationSeconds)
  const uid = commonUser(pod)
  const isPrivate = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined
  return new Map([
    [path, { data: Buffer.from(token), mode: isPrivate ? tokenMode : mode, ...(uid === undefined ? {} : { uid }) }],
  ])
}

/** The user that all containers of a pod run as, if the pod says so. */
function commonUser({ spec }: Pod): number | undefined {
  const users = [...(spec.initContainers ?? []), ...spec.containers].map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
  )
  return users.every(user => user === users[0]) ? users[0] : undefined
}
