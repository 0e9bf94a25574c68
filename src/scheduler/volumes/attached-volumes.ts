import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1/index.js'
import { claimNamesOf } from '../../api/core/v1/pod-volume-claims.js'
import { classOf } from '../../api/core/v1/volume-match.js'
import type { CSINode } from '../../api/storage/v1/index.js'
import type { VolumeState } from './volume-state.js'

/** A volume that a CSI driver attaches to a node. */
export interface AttachedVolume {
  readonly driver: string
  /** Tells it from the driver's others. */
  readonly handle: string
}

/** In a set of volumes. */
export const volumeKey = ({ driver, handle }: AttachedVolume): string => `${driver}/${handle}`

interface Sources {
  readonly awsElasticBlockStore?: { readonly volumeID: string }
  readonly azureDisk?: { readonly diskURI: string }
  readonly cinder?: { readonly volumeID: string }
  readonly gcePersistentDisk?: { readonly pdName: string }
  readonly portworxVolume?: { readonly volumeID: string }
  readonly vsphereVolume?: { readonly volumePath: string }
}

/** The volumes of plugins that were once built in, with the plugin and the CSI driver that took over from it. */
const formerPlugins: readonly [plugin: string, driver: string, handle: (from: Sources) => string | undefined][] = [
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com', from => from.awsElasticBlockStore?.volumeID],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com', from => from.azureDisk?.diskURI],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org', from => from.cinder?.volumeID],
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io', from => from.gcePersistentDisk?.pdName],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com', from => from.portworxVolume?.volumeID],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com', from => from.vsphereVolume?.volumePath],
]

/** Plugins whose volumes a node leaves to CSI drivers. */
const migratedOn = ({ metadata }: CSINode): readonly string[] =>
  (metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '').split(',')

/** The volumes that CSI drivers attach to a node for a pod, those that are still to be made included. */
export function attachedVolumes(
  pod: Pod,
  node: CSINode,
  state: Pick<VolumeState, 'claims' | 'volumes' | 'storageClass'>,
): AttachedVolume[] {
  const { namespace = '' } = pod.metadata
  const inline = (pod.spec.volumes ?? []).flatMap(volume => migrated(volume, node))
  const claimed = claimNamesOf(pod).flatMap(name => {
    const claim = state.claims.get({ namespace, name })
    return claim ? ofClaim(claim, node, state) : []
  })
  return [...inline, ...claimed]
}

function migrated(from: Volume | PersistentVolume['spec'], node: CSINode): AttachedVolume[] {
  return formerPlugins.flatMap(([plugin, driver, handleOf]) => {
    const handle = handleOf(from as Sources)
    return handle !== undefined && migratedOn(node).includes(plugin) ? [{ driver, handle }] : []
  })
}

function ofClaim(
  claim: PersistentVolumeClaim,
  node: CSINode,
  { volumes, storageClass }: Pick<VolumeState, 'volumes' | 'storageClass'>,
): AttachedVolume[] {
  const volume = claim.spec.volumeName ? volumes.get({ name: claim.spec.volumeName }) : undefined
  if (volume?.spec.csi) return [{ driver: volume.spec.csi.driver, handle: volume.spec.csi.volumeHandle }]
  if (volume) return migrated(volume.spec, node)
  const provisioner = storageClass(classOf(claim))?.provisioner
  if (provisioner === undefined) return []
  const former = formerPlugins.find(([plugin]) => plugin === provisioner && migratedOn(node).includes(plugin))
  const { namespace, name } = claim.metadata
  return [{ driver: former?.[1] ?? provisioner, handle: `claim ${namespace}/${name}` }]
}
