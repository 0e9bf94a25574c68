import type { PersistentVolumeClaim } from '../../api/core/v1/index.js'
import {
  annotated,
  annotationOf,
  migratedTo,
  storageClass,
  storageProvisioner,
} from '../../api/core/v1/volume-annotations.js'
import type { StorageClass } from '../../api/storage/v1/index.js'

const defaultMarks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

/** The class of claims that name none: the newest marked so, the first by name of those of one second. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const age = ({ metadata }: StorageClass) => metadata.creationTimestamp ?? ''
  const name = ({ metadata }: StorageClass) => metadata.name ?? ''
  return classes
    .filter(found => defaultMarks.some(mark => annotationOf(found, mark) === 'true'))
    .sort((a, b) => (age(a) === age(b) ? (name(a) < name(b) ? -1 : 1) : age(a) < age(b) ? 1 : -1))[0]
}

/** Whether a claim says nothing of its class, not even that it wants none. */
export const namesNoClass = (claim: PersistentVolumeClaim): boolean =>
  claim.spec.storageClassName === undefined && annotationOf(claim, storageClass) === undefined

/** The CSI drivers that took over from the plugins that were once built in. */
const successors: { readonly [plugin: string]: string } = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
}

/** The CSI driver that does the work of a former built-in plugin. */
export const successorOf = (plugin: string): string | undefined =>
  Object.hasOwn(successors, plugin) ? successors[plugin] : undefined

/** Who makes volumes of a class, or why nobody does. */
export type Provisioner = { readonly external: string; readonly plugin: string } | { readonly fault: string }

export function provisionerOf({ provisioner }: StorageClass): Provisioner {
  const successor = successorOf(provisioner)
  if (successor) return { external: successor, plugin: provisioner }
  if (!provisioner.startsWith('kubernetes.io/')) return { external: provisioner, plugin: provisioner }
  if (provisioner === 'kubernetes.io/host-path')
    return { fault: `Failed to create provisioner: Provisioning in volume plugin "${provisioner}" is disabled` }
  return { fault: `no volume plugin matched name: ${provisioner}` }
}

/** The claim that says who is to make its volume; the same object if it does already. */
export function claimProvisionedBy(
  claim: PersistentVolumeClaim,
  { external, plugin }: { readonly external: string; readonly plugin: string },
): PersistentVolumeClaim {
  const wanted = {
    ...Object.fromEntries(storageProvisioner.map(name => [name, plugin])),
    ...(external === plugin ? {} : { [migratedTo]: external }),
  }
  return Object.entries(wanted).every(([name, value]) => annotationOf(claim, name) === value)
    ? claim
    : annotated(claim, wanted)
}
