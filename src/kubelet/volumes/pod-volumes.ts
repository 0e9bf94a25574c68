import { chmod, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Volume } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import type { Clock } from '../../machinery/clock.js'
import { quantityValue } from '../../machinery/quantity.js'
import type { NodeView } from '../container/field-values.js'
import type { ReferencedObjects } from '../referenced-objects.js'
import type { ImageMounts } from '../runtime/image-mounts.js'
import { writePayload } from './atomic-writer.js'
import { claimedVolume, claimName } from './claims.js'
import { checkHostPath } from './host-path.js'
import { releaseImageVolumes } from './image-volumes.js'
import { mountsBelow, mountTmpfs, removeTree } from './mounts.js'
import { giveToGroup } from './ownership.js'
import { type Payload, samePayload } from './payload.js'
import { isPayloadVolume, ObjectSource, volumePayload } from './payload-sources.js'
import { type PodToken, requestPodToken } from './service-account-token.js'
import { VolumeError } from './volume-error.js'

export interface VolumeContext {
  readonly client: Client
  readonly clock: Clock
  readonly objects: ReferencedObjects
  /** One folder a pod, by uid. */
  readonly podsFolder: string
  /** On a tmpfs: what must not be written to disk. One folder a pod, by uid. */
  readonly secretFolder: string
  readonly node: NodeView
  readonly imageMounts: ImageMounts
}

/** A volume that containers can be given. */
export type ReadyVolume =
  | {
      readonly type: 'folder'
      readonly path: string
      /** Containers may not write to it, whatever their mounts say. */
      readonly readOnly: boolean
      /** Only the node agent changes what is in it. */
      readonly ours: boolean
      /** The claim that has the folder, if that is a disk of its own: how full it is concerns whoever claims it. */
      readonly claim?: string
    }
  | { readonly type: 'device'; readonly path: string; readonly readOnly: boolean }
  | { readonly type: 'image'; readonly reference: string; readonly pullPolicy: string | undefined }

/** One volume could not be made ready. */
export interface VolumeFailure {
  readonly volume: string
  readonly error: unknown
}

/** Not all volumes of a pod are ready; the others are. */
export class VolumesNotReady extends Error {
  override readonly name = 'VolumesNotReady'

  constructor(readonly failures: readonly VolumeFailure[]) {
    super(
      failures
        .map(({ volume, error }) => `volume "${volume}": ${error instanceof Error ? error.message : error}`)
        .join('; '),
    )
  }
}

const folders = {
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
  emptyDir: 'kubernetes.io~empty-dir',
} as const

/** The volumes of one pod. Setting up is safe to repeat, also by an agent that did not begin it. */
export class PodVolumes implements Disposable {
  readonly #context: VolumeContext
  readonly #uid: string
  readonly #objects: ObjectSource
  readonly #written = new Map<string, Payload>()
  readonly #tokens = new Map<string, PodToken>()
  #ready: ReadonlyMap<string, ReadyVolume> = new Map()
  /** Counts what may have changed what volumes show. */
  #changes = 0
  /** As many changes what is ready has seen; none while nothing is. */
  #seen: number | undefined

  /** `changed` is called when the content of a volume may have become another. */
  constructor(context: VolumeContext, pod: Pod, changed: () => void) {
    this.#context = context
    this.#uid = pod.metadata.uid ?? ''
    this.#objects = new ObjectSource(context.objects, pod.metadata.namespace ?? '', () => {
      this.outdate()
      changed()
    })
  }

  /** What containers can be given, by volume; nothing before all are ready. */
  get ready(): ReadonlyMap<string, ReadyVolume> {
    return this.#ready
  }

  /** What a volume shows may have changed: the next preparation looks. */
  outdate(): void {
    this.#changes++
  }

  /** Makes all volumes ready and their content current, where they are not. Throws `VolumesNotReady`. */
  async prepare(pod: Pod): Promise<void> {
    const { renewAt } = this
    const changes = this.#changes
    if (this.#seen === changes && (renewAt === undefined || renewAt > this.#context.clock.now())) return
    this.#ready = await this.#setUp(pod)
    // What changes meanwhile may not have been seen.
    this.#seen = changes
  }

  /** The ConfigMaps and Secrets of the pod. */
  get objects(): ObjectSource {
    return this.#objects
  }

  /** When a token must be renewed, in milliseconds since the epoch. */
  get renewAt(): number | undefined {
    const times = [...this.#tokens.values()].map(({ renewAt }) => renewAt)
    return times.length ? Math.min(...times) : undefined
  }

  async #setUp(pod: Pod): Promise<ReadonlyMap<string, ReadyVolume>> {
    const failures: VolumeFailure[] = []
    const ready = new Map<string, ReadyVolume>()
    await Promise.all(
      (pod.spec.volumes ?? []).map(async volume => {
        try {
          ready.set(volume.name, await this.#setUpOne(pod, volume))
        } catch (error) {
          failures.push({ volume: volume.name, error })
        }
      }),
    )
    if (failures.length) throw new VolumesNotReady(failures)
    return ready
  }

  /** Unmounts and removes all volumes. */
  async tearDown(): Promise<void> {
    this[Symbol.dispose]()
    this.#ready = new Map()
    this.#seen = undefined
    this.#written.clear()
    this.#tokens.clear()
    await removeVolumes(this.#context, this.#uid)
  }

  /** Stops following objects, and leaves the volumes as they are. */
  [Symbol.dispose](): void {
    this.#objects[Symbol.dispose]()
  }

  async #setUpOne(pod: Pod, volume: Volume): Promise<ReadyVolume> {
    if (isPayloadVolume(volume)) return this.#setUpPayload(pod, volume)
    if (volume.emptyDir) return this.#setUpEmptyDir(pod, volume, volume.emptyDir)
    if (volume.hostPath) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type)
      return { type: 'folder', path: volume.hostPath.path, readOnly: false, ours: false }
    }
    if (volume.image)
      return { type: 'image', reference: volume.image.reference ?? '', pullPolicy: volume.image.pullPolicy }
    if (claimName(pod, volume) !== undefined) return this.#setUpClaim(pod, volume)
    const kind = Object.keys(volume).find(key => key !== 'name') ?? 'none'
    throw new VolumeError(`no volume plugin matched: volumes of type ${kind} are not supported on this node`)
  }

  async #setUpPayload(pod: Pod, volume: Volume): Promise<ReadyVolume> {
    const { podsFolder, secretFolder, node, clock } = this.#context
    const kind = (['configMap', 'secret', 'downwardAPI', 'projected'] as const).find(key => volume[key]) ?? 'projected'
    const base = kind === 'configMap' ? join(podsFolder, this.#uid, 'volumes') : join(secretFolder, this.#uid)
    const path = join(base, folders[kind], volume.name)
    const token = (audience: string | undefined, lifetime: number) =>
      this.#token(pod, `${volume.name}/${audience ?? ''}`, audience, lifetime)
    const payload = await volumePayload(pod, volume, { objects: this.#objects, node, token })
    const before = this.#written.get(volume.name) ?? (await readPayload(path))
    if (!before || !samePayload(before, payload)) {
      await mkdir(path, { recursive: true, mode: 0o755 })
      const gid = pod.spec.securityContext?.fsGroup
      await writePayload(path, payload, { now: clock.now(), ...(gid === undefined ? {} : { ownership: { gid } }) })
      if (gid === undefined) await chmod(path, 0o777)
    }
    this.#written.set(volume.name, payload)
    return { type: 'folder', path, readOnly: true, ours: true }
  }

  async #token(pod: Pod, key: string, audience: string | undefined, lifetime: number): Promise<string> {
    const { client, clock } = this.#context
    const now = clock.now()
    const known = this.#tokens.get(key)
    if (known && known.renewAt > now) return known.token
    const fresh = await requestPodToken(client, pod, { audience, lifetime, now })
    this.#tokens.set(key, fresh)
    return fresh.token
  }

  async #setUpEmptyDir(
    pod: Pod,
    volume: Volume,
    { medium, sizeLimit }: NonNullable<Volume['emptyDir']>,
  ): Promise<ReadyVolume> {
    const path = join(this.#context.podsFolder, this.#uid, 'volumes', folders.emptyDir, volume.name)
    const ready: ReadyVolume = { type: 'folder', path, readOnly: false, ours: false }
    const exists = await stat(path).then(
      () => true,
      () => false,
    )
    if (medium === 'Memory') {
      if (exists && (await mountsBelow(path)).includes(path)) return ready
      await mkdir(path, { recursive: true, mode: 0o755 })
      await mountTmpfs(path, sizeLimit ? quantityValue(sizeLimit) : undefined)
    } else if (medium) throw new VolumeError(`unknown storage medium "${medium}"`)
    else if (exists) return ready
    else await mkdir(path, { recursive: true, mode: 0o755 })
    await chmod(path, 0o777)
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
    if (fsGroup !== undefined) await giveToGroup(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch')
    return ready
  }

  async #setUpClaim(pod: Pod, volume: Volume): Promise<ReadyVolume> {
    const { spec, metadata } = await claimedVolume(this.#context.client, pod, volume)
    const readOnly = volume.persistentVolumeClaim?.readOnly === true
    const path = spec.hostPath?.path ?? spec.local?.path
    if (path === undefined) {
      const plugin = Object.entries(spec).find(([key, value]) => typeof value === 'object' && !generalFields.has(key))
      throw new VolumeError(
        `no volume plugin matched: persistent volumes of type ${plugin?.[0] ?? 'none'} are not supported on this node (${metadata.name})`,
      )
    }
    if (spec.hostPath) await checkHostPath(path, spec.hostPath.type)
    const stats = await stat(path).catch(() => undefined)
    if (!stats) throw new VolumeError(`path "${path}" does not exist`)
    if (spec.volumeMode === 'Block') {
      if (!stats.isBlockDevice()) throw new VolumeError(`path "${path}" is not a block device`)
      return { type: 'device', path, readOnly }
    }
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
    if (spec.local && fsGroup !== undefined && !readOnly)
      await giveToGroup(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch')
    const claim = spec.local && claimName(pod, volume)
    return { type: 'folder', path, readOnly, ours: false, ...(claim ? { claim } : {}) }
  }
}

const generalFields: ReadonlySet<string> = new Set([
  'capacity',
  'accessModes',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
])

/** Unmounts and removes the volumes of a pod of which only the uid is known. */
export async function removeVolumes(
  { podsFolder, secretFolder, imageMounts }: Pick<VolumeContext, 'podsFolder' | 'secretFolder' | 'imageMounts'>,
  uid: string,
): Promise<void> {
  await releaseImageVolumes(podsFolder, uid, imageMounts)
  await removeTree(join(secretFolder, uid))
  await removeTree(join(podsFolder, uid))
}

/** What an earlier agent wrote; undefined if there is nothing whole. */
async function readPayload(folder: string): Promise<Payload | undefined> {
  try {
    const data = join(folder, await readlink(join(folder, '..data')))
    const payload = new Map()
    for (const entry of await readdir(data, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath, entry.name)
      const { mode, uid } = await stat(file)
      payload.set(file.slice(data.length + 1), {
        data: await readFile(file),
        mode: mode & 0o7777,
        ...(uid === 0 ? {} : { uid }),
      })
    }
    return payload
  } catch {
    return undefined
  }
}
