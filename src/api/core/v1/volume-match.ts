import { selectorFromObject } from '../../../machinery/labels.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { PersistentVolume, PersistentVolumeClaim } from './index.js'
import { annotationOf, storageClass } from './volume-annotations.js'

/** The class of a claim or a volume; empty for none. */
export const classOf = (object: PersistentVolume | PersistentVolumeClaim): string =>
  annotationOf(object, storageClass) ?? object.spec.storageClassName ?? ''

/** As a quantity. */
const sizeOf = (volume: PersistentVolume): string => volume.spec.capacity?.['storage'] ?? '0'

const largeEnough = (volume: PersistentVolume, { spec }: PersistentVolumeClaim): boolean =>
  compareQuantities(sizeOf(volume), spec.resources.requests?.['storage'] ?? '0') >= 0

const sameAttributes = ({ spec: volume }: PersistentVolume, { spec: claim }: PersistentVolumeClaim): boolean =>
  (volume.volumeAttributesClassName ?? '') === (claim.volumeAttributesClassName ?? '')

/** Whether both are file systems or both block devices. */
export const sameMode = ({ spec: volume }: PersistentVolume, { spec: claim }: PersistentVolumeClaim): boolean =>
  (volume.volumeMode ?? 'Filesystem') === (claim.volumeMode ?? 'Filesystem')

const hasAccessModes = ({ spec: volume }: PersistentVolume, { spec: claim }: PersistentVolumeClaim): boolean =>
  (claim.accessModes ?? []).every(mode => volume.accessModes?.includes(mode))

/** Whether the volume is this claim's, or reserved for one of its name. */
export function isReservedFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

/** Why a claim cannot have the volume it asks for by name; undefined if it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (!largeEnough(volume, claim)) return 'requested PV is too small'
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match'
  if (!sameAttributes(volume, claim)) return 'volumeAttributesClassName does not match'
  if (!sameMode(volume, claim)) return 'incompatible volumeMode'
  if (!hasAccessModes(volume, claim)) return 'incompatible accessMode'
  return undefined
}

/** Whether nothing about a volume but its class, labels and state keeps a claim from having it. */
const suits = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  !volume.metadata.deletionTimestamp &&
  largeEnough(volume, claim) &&
  sameMode(volume, claim) &&
  sameAttributes(volume, claim) &&
  hasAccessModes(volume, claim)

/** The best of the volumes that are reserved for a claim. */
export const reservedVolume = (
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined =>
  volumes.filter(volume => isReservedFor(volume, claim) && suits(volume, claim)).sort(better)[0]

/** The volumes that a claim may have and nobody else has, the best first. */
export function freeVolumes(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[]): PersistentVolume[] {
  const selector = claim.spec.selector ? selectorFromObject(claim.spec.selector) : undefined
  return volumes
    .filter(
      volume =>
        !volume.spec.claimRef &&
        volume.status.phase === 'Available' &&
        classOf(volume) === classOf(claim) &&
        suits(volume, claim) &&
        (!selector || selector.matches(volume.metadata.labels ?? {})),
    )
    .sort(better)
}

/**
 * The volume for a claim: one reserved for it, else of those available with the fewest access modes the smallest. Only
 * reserved ones while `delayed`: the scheduler chooses among the others.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
 */
export const bestVolume = (
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined =>
  reservedVolume(claim, volumes) ?? (delayed ? undefined : freeVolumes(claim, volumes)[0])

function better(a: PersistentVolume, b: PersistentVolume): number {
  const modes = ({ spec }: PersistentVolume) => spec.accessModes?.length ?? 0
  const name = ({ metadata }: PersistentVolume) => metadata.name ?? ''
  return modes(a) - modes(b) || bySize(a, b) || (name(a) < name(b) ? -1 : 1)
}

/** The smaller one first. */
export const bySize = (a: PersistentVolume, b: PersistentVolume): number => compareQuantities(sizeOf(a), sizeOf(b))
