import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { claimIsFor, claimNamesOf, ephemeralClaimName } from '../../api/core/v1/pod-volume-claims.js'
import { VolumeAttributesClass } from '../../api/storage/v1/index.js'
import {
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import type { ApiObject } from '../../machinery/object.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import { claimKey, podsOfClaim } from '../persistentvolume-binder/indexes.js'
import { settledFinalizers, withFinalizers } from './finalizers.js'

/** Ms after which it is looked again, if the cache did not know what the server knows. */
const recheck = 1_000

/** Kubelet has ended the pod, or nobody waited for that. */
const shutDown = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0

/**
 * Whether a pod on a node uses the claim. Others do not count: kubelet starts none with a claim that is being deleted.
 * One that has finished does, as it could be looked into still.
 */
export function podUsesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName) return false
  return (pod.spec.volumes ?? []).some(
    volume =>
      volume.persistentVolumeClaim?.claimName === claim.metadata.name ||
      (volume.ephemeral &&
        !shutDown(pod) &&
        ephemeralClaimName(pod, volume) === claim.metadata.name &&
        claimIsFor(pod, claim)),
  )
}

/**
 * Keeps claims that are deleted until no pod uses them.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export const claimProtection: Controller = controller({
  name: 'persistentvolumeclaim-protection',
  watches: {
    for: PersistentVolumeClaim,
    also: [
      // The volumes of a pod stay what they were.
      watchAlso(Pod, pod => claimNamesOf(pod).map(name => ({ namespace: pod.metadata.namespace ?? '', name }))),
    ],
  },
  async reconcile(key, context) {
    const claim = context.get(PersistentVolumeClaim, key)
    if (!claim) return undefined
    const cached = context.by(podsOfClaim, claimKey(key))
    const finalizers = settledFinalizers(claim, 'kubernetes.io/pvc-protection', () =>
      cached.some(pod => podUsesClaim(pod, claim)),
    )
    if (!finalizers) return undefined
    // The cache may not know of a pod yet, and what is deleted does not come back.
    if (claim.metadata.deletionTimestamp && (await usedByAny(claim, context))) return { after: recheck }
    await settle(PersistentVolumeClaim, claim, finalizers, context)
    return undefined
  },
})

/** Writes finalizers; whoever went without them is no concern any more. */
async function settle<T extends ApiObject, I>(
  kind: Kind<T, I>,
  object: T & I,
  finalizers: readonly string[],
  { client }: ReconcileContext,
): Promise<void> {
  try {
    await client.update(kind, withFinalizers(object, finalizers))
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function usedByAny(claim: PersistentVolumeClaim, { client }: ReconcileContext): Promise<boolean> {
  const { items } = await client.list(Pod, { namespace: claim.metadata.namespace ?? '' })
  return items.some(pod => podUsesClaim(pod, claim))
}

/** Keeps volumes that are deleted until they are not bound any more. */
export const volumeProtection: Controller = controller({
  name: 'persistentvolume-protection',
  watches: { for: PersistentVolume },
  async reconcile(key, context) {
    const volume = context.get(PersistentVolume, { name: key.name })
    const finalizers =
      volume && settledFinalizers(volume, 'kubernetes.io/pv-protection', () => volume.status.phase === 'Bound')
    if (finalizers) await settle(PersistentVolume, volume, finalizers, context)
    return undefined
  },
})

const named = (names: readonly (string | undefined)[]): Key[] =>
  names.flatMap(name => (name ? { namespace: '', name } : []))

const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): Key[] =>
  named([
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ])
const classOfVolume = ({ spec }: PersistentVolume): Key[] => named([spec.volumeAttributesClassName])

const claimsOfClass = index(PersistentVolumeClaim, claim => classesOfClaim(claim).map(({ name }) => name))
const volumesOfClass = index(PersistentVolume, volume => classOfVolume(volume).map(({ name }) => name))

/** Keeps volume attributes classes that are deleted until no claim and no volume has them. */
export const attributesClassProtection: Controller = controller({
  name: 'volumeattributesclass-protection',
  watches: {
    for: VolumeAttributesClass,
    also: [
      watchAlso(PersistentVolumeClaim, (claim, old) => [...classesOfClaim(claim), ...(old ? classesOfClaim(old) : [])]),
      watchAlso(PersistentVolume, (volume, old) => [...classOfVolume(volume), ...(old ? classOfVolume(old) : [])]),
    ],
  },
  async reconcile({ name }, context) {
    const { get, by } = context
    const found = get(VolumeAttributesClass, { name })
    const inUse = () => by(claimsOfClass, name).length > 0 || by(volumesOfClass, name).length > 0
    const finalizers = found && settledFinalizers(found, 'kubernetes.io/vac-protection', inUse)
    if (!finalizers) return undefined
    if (found.metadata.deletionTimestamp && (await attributesInUse(name, context))) return { after: recheck }
    await settle(VolumeAttributesClass, found, finalizers, context)
    return undefined
  },
})

/** As the server knows it. */
async function attributesInUse(name: string, { client }: ReconcileContext): Promise<boolean> {
  const has = (keys: readonly Key[]) => keys.some(key => key.name === name)
  return (
    (await client.list(PersistentVolumeClaim)).items.some(claim => has(classesOfClaim(claim))) ||
    (await client.list(PersistentVolume)).items.some(volume => has(classOfVolume(volume)))
  )
}
