import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { compareQuantities } from '../../machinery/quantity.js'
import { successorOf } from '../persistentvolume-binder/provisioning.js'

/** What the control plane does about a claim that wants to be larger than it is. */
export type Expansion =
  /** Somebody else expands it: `resizer`, where that is known, and what to tell. */
  | { readonly by: 'others'; readonly message: string; readonly resizer?: string }
  /** The node expands it; the control plane notes what is wanted. */
  | { readonly by: 'node'; readonly resizer: string; readonly size: string }

const storageOf = (quantities: { readonly [resource: string]: string } | undefined): string =>
  quantities?.['storage'] ?? '0'

/** Whether a claim that is bound asks for more than it has. */
export const wantsMore = ({ spec, status }: PersistentVolumeClaim): boolean =>
  status.phase === 'Bound' && compareQuantities(storageOf(spec.resources.requests), storageOf(status.capacity)) > 0

/** Undefined if everything has been done that the control plane can do. */
export function expansionOf(claim: PersistentVolumeClaim, volume: PersistentVolume): Expansion | undefined {
  const migrated = Object.entries(migratedVolumes).find(([source]) => Object.hasOwn(volume.spec, source))
  if (migrated) {
    const [, plugin] = migrated
    const message = `CSI migration enabled for ${plugin}; waiting for external resizer to expand the pvc`
    const resizer = successorOf(plugin)
    return { by: 'others', message, ...(resizer ? { resizer } : {}) }
  }
  const { flexVolume, capacity } = volume.spec
  if (!flexVolume) return { by: 'others', message: 'waiting for an external controller to expand this PVC' }
  const wanted = storageOf(claim.spec.resources.requests)
  const state = claim.status.allocatedResourceStatuses?.['storage']
  const pendingOnNode = state === 'NodeResizePending' || state === 'NodeResizeInProgress'
  const volumeIsLarge = compareQuantities(storageOf(capacity), wanted) >= 0
  if (pendingOnNode && volumeIsLarge) return undefined
  // What was begun is finished before more is asked for.
  const begun = state !== undefined && !volumeIsLarge ? claim.status.allocatedResources?.['storage'] : undefined
  return { by: 'node', resizer: flexVolume.driver, size: begun ?? wanted }
}

/** The fields of volumes that CSI drivers have taken over, and the plugins they were of. */
const migratedVolumes: { readonly [source: string]: string } = {
  awsElasticBlockStore: 'kubernetes.io/aws-ebs',
  azureDisk: 'kubernetes.io/azure-disk',
  azureFile: 'kubernetes.io/azure-file',
  cinder: 'kubernetes.io/cinder',
  gcePersistentDisk: 'kubernetes.io/gce-pd',
  portworxVolume: 'kubernetes.io/portworx-volume',
  vsphereVolume: 'kubernetes.io/vsphere-volume',
}

const resizer = 'volume.kubernetes.io/storage-resizer'

/** The claim as one that a resizer works on. */
export const withResizer = (claim: PersistentVolumeClaim, name: string): PersistentVolumeClaim => ({
  ...claim,
  metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [resizer]: name } },
})

/** The claim as one whose volume is being made larger. */
export const resizing = (claim: PersistentVolumeClaim, size: string, now: number): PersistentVolumeClaim =>
  withState(claim, 'ControllerResizeInProgress', { type: 'Resizing', message: '' }, now, size)

/** The claim as one whose file system the node has to make larger still. */
export const pendingOnNode = (claim: PersistentVolumeClaim, now: number): PersistentVolumeClaim =>
  withState(
    claim,
    'NodeResizePending',
    {
      type: 'FileSystemResizePending',
      message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
    },
    now,
  )

/** Conditions that tell of resizing: one of them holds at a time. */
const resizeConditions = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError'])

function withState(
  claim: PersistentVolumeClaim,
  state: string,
  { type, message }: { readonly type: string; readonly message: string },
  now: number,
  size?: string,
): PersistentVolumeClaim {
  const { status } = claim
  const before = status.conditions?.find(condition => condition.type === type)
  const others = (status.conditions ?? []).filter(condition => !resizeConditions.has(condition.type))
  const condition = {
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime:
      before?.status === 'True' && before.lastTransitionTime ? before.lastTransitionTime : rfc3339(now),
    ...(message ? { message } : {}),
  }
  return {
    ...claim,
    status: {
      ...status,
      ...(size === undefined ? {} : { allocatedResources: { ...status.allocatedResources, storage: size } }),
      allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: state },
      conditions: [...others, condition],
    },
  }
}
