import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import { annotationOf, bindCompleted, boundByController, selectedNode } from '../../api/core/v1/volume-annotations.js'
import { volumeBoundTo } from '../../api/core/v1/volume-bound-to.js'
import { bestVolume, classOf, isReservedFor, mismatch } from '../../api/core/v1/volume-match.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import {
  type Cache,
  type Controller,
  controller,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import type { ApiObject } from '../../machinery/object.js'
import { claimBoundTo, claimInPhase } from './binding.js'
import { claimKey, claimsOfVolume, freeVolumesOfClass, podsOfClaim, unboundClaims, volumesOfClaim } from './indexes.js'
import { claimProvisionedBy, defaultClass, namesNoClass, provisionerOf } from './provisioning.js'

/** Ms after which it is said again what a claim waits for. */
const reminder = 15_000

/**
 * Binds claims to volumes, or asks for one to be made.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#lifecycle-of-a-volume-and-claim
 */
export const claimBinder: Controller = controller({
  name: 'persistentvolume-binder',
  eventSource: 'persistentvolume-controller',
  // Side by side, claims would choose the same volume, and all but one would have to look again.
  concurrency: 1,
  watches: {
    for: PersistentVolumeClaim,
    also: [
      watchAlso(PersistentVolume, (volume, old, cache) => claimsOf(volume, old, cache)),
      watchAlso(StorageClass, (_class, _old, cache) => cache.by(unboundClaims, 'unbound').map(keyOf)),
      watchAlso(Pod, (pod, old) =>
        old && Boolean(old.spec.nodeName) === Boolean(pod.spec.nodeName)
          ? []
          : claimNamesOf(pod).map(name => ({ namespace: pod.metadata.namespace ?? '', name })),
      ),
    ],
  },
  async reconcile(key, context) {
    const claim = context.get(PersistentVolumeClaim, key)
    if (!claim) return undefined
    if (annotationOf(claim, bindCompleted) !== undefined) {
      await keepBound(claim, context)
      return undefined
    }
    const bound = claim.spec.volumeName ? await bindNamed(claim, context) : await bindAny(claim, context)
    return bound ? undefined : { after: reminder }
  },
})

const keyOf = ({ metadata: { namespace = '', name = '' } }: ApiObject): Key => ({ namespace, name })

/** The claims that a change of a volume may concern. */
function* claimsOf(volume: PersistentVolume, old: PersistentVolume | undefined, cache: Cache): Iterable<Key> {
  for (const { spec } of old ? [volume, old] : [volume]) {
    const { namespace, name } = spec.claimRef ?? {}
    if (namespace && name) yield { namespace, name }
  }
  for (const claim of cache.by(claimsOfVolume, volume.metadata.name ?? '')) yield keyOf(claim)
  if (!volume.spec.claimRef && volume.status.phase === 'Available')
    for (const claim of cache.by(unboundClaims, 'unbound')) yield keyOf(claim)
}

/** Looks whether a claim still has the volume it was bound to. */
async function keepBound(claim: PersistentVolumeClaim, context: ReconcileContext): Promise<void> {
  const { volumeName } = claim.spec
  if (!volumeName) return lose(claim, context, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume.')
  const volume = context.get(PersistentVolume, { name: volumeName })
  if (!volume) return lose(claim, context, 'ClaimLost', 'Bound claim has lost its PersistentVolume.')
  const { claimRef } = volume.spec
  if (!claimRef || claimRef.uid === claim.metadata.uid) return bind(volume, claim, context)
  const why = 'Two claims are bound to the same volume, this one is bound incorrectly'
  await writePhase(claimInPhase(claim, 'Lost'), claim, context, 'ClaimMisbound', why)
}

const lose = (claim: PersistentVolumeClaim, context: ReconcileContext, reason: string, what: string): Promise<void> =>
  writePhase(claimInPhase(claim, 'Lost'), claim, context, reason, `${what} Data on the volume is lost!`)

/** Writes the status of a claim, and warns if its phase is another one now. */
async function writePhase(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  { client, events }: ReconcileContext,
  reason?: string,
  why = '',
): Promise<void> {
  if (claim === old) return
  const written = await client.update(PersistentVolumeClaim, claim, { subresource: 'status' })
  if (reason && claim.status.phase !== old.status.phase) events.record(written, 'Warning', reason, why)
}

/** Writes what is missing on either side; what fails in between is made up for by the next run. */
async function bind(volume: PersistentVolume, claim: PersistentVolumeClaim, context: ReconcileContext): Promise<void> {
  const { client } = context
  const taken = volumeBoundTo(volume, claim)
  const written = taken === volume ? volume : await client.update(PersistentVolume, taken)
  if (written.status.phase !== 'Bound') {
    const { message: _, ...status } = written.status
    const bound = { ...written, status: { ...status, phase: 'Bound' as const } }
    await client.update(PersistentVolume, bound, { subresource: 'status' })
  }
  const changed = claimBoundTo(claim, volume)
  const current = changed === claim ? claim : await client.update(PersistentVolumeClaim, changed)
  await writePhase(claimInPhase(current, 'Bound', volume), current, context)
}

/** Binds a claim to the volume it names. Returns whether it is bound. */
async function bindNamed(claim: PersistentVolumeClaim, context: ReconcileContext): Promise<boolean> {
  const { events } = context
  const volume = context.get(PersistentVolume, { name: claim.spec.volumeName ?? '' })
  const name = JSON.stringify(claim.spec.volumeName)
  if (volume && isReservedFor(volume, claim)) {
    await bind(volume, claim, context)
    return true
  }
  if (volume && !volume.spec.claimRef) {
    const why = mismatch(volume, claim)
    if (why === undefined) {
      await bind(volume, claim, context)
      return true
    }
    events.record(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${name}: ${why}`)
  } else if (volume) {
    const holder = claimKey(volume.spec.claimRef ?? {})
    if (annotationOf(claim, boundByController) !== undefined)
      throw new Error(
        `invalid binding of claim ${claimKey(claim.metadata)} to volume ${name}: volume already claimed by ${holder}`,
      )
    events.record(claim, 'Warning', 'FailedBinding', `volume ${name} already bound to a different claim.`)
  }
  await writePhase(claimInPhase(claim, 'Pending'), claim, context)
  return false
}

/** Binds a claim to the best volume there is, or sees to it that there will be one. Returns whether it is bound. */
async function bindAny(claim: PersistentVolumeClaim, context: ReconcileContext): Promise<boolean> {
  const { client, events } = context
  const className = classOf(claim)
  const found = className ? context.get(StorageClass, { name: className }) : undefined
  const waits = found?.volumeBindingMode === 'WaitForFirstConsumer'
  const node = annotationOf(claim, selectedNode)
  const volumes = [
    ...context.by(volumesOfClaim, claimKey(claim.metadata)),
    ...(waits ? [] : context.by(freeVolumesOfClass, className)),
  ]
  const volume = bestVolume(claim, volumes, waits)
  if (volume) {
    await bind(volume, claim, context)
    return true
  }
  const fallback = namesNoClass(claim) ? defaultClass(context.list(StorageClass))?.metadata.name : undefined
  if (fallback) {
    await client.update(PersistentVolumeClaim, { ...claim, spec: { ...claim.spec, storageClassName: fallback } })
    return false
  }
  if (waits && node === undefined) {
    const [reason, message] = waitOf(claim, context)
    events.record(claim, 'Normal', reason, message)
  } else if (className) {
    await provision(claim, className, found, context)
    return false
  } else {
    const message = 'no persistent volumes available for this claim and no storage class is set'
    events.record(claim, 'Normal', 'FailedBinding', message)
  }
  await writePhase(claimInPhase(claim, 'Pending'), claim, context)
  return false
}

/** What a claim waits for that is bound when its first pod is scheduled. */
function waitOf({ metadata }: PersistentVolumeClaim, context: ReconcileContext): readonly [string, string] {
  const pods = context
    .by(podsOfClaim, claimKey(metadata))
    .filter(({ spec }) => !spec.nodeName)
    .map(pod => pod.metadata.name ?? '')
    .sort()
  if (pods.length === 0) return ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding']
  return ['WaitForPodScheduled', `waiting for pod${pods.length > 1 ? 's' : ''} ${pods.join(',')} to be scheduled`]
}

/** Has a volume made for a claim, by whoever does so for its class. */
async function provision(
  claim: PersistentVolumeClaim,
  className: string,
  found: StorageClass | undefined,
  { client, events }: ReconcileContext,
): Promise<void> {
  const provisioner = found
    ? provisionerOf(found)
    : { fault: `storageclass.storage.k8s.io ${JSON.stringify(className)} not found` }
  if ('fault' in provisioner) {
    events.record(claim, 'Warning', 'ProvisioningFailed', provisioner.fault)
    return
  }
  const asked = claimProvisionedBy(claim, provisioner)
  const current = asked === claim ? claim : await client.update(PersistentVolumeClaim, asked)
  events.record(
    current,
    'Normal',
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner.external}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  )
}
