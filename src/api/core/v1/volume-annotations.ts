import type { ApiObject } from '../../../machinery/object.js'

/** A claim has been bound, whatever its status says. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** The controller chose the other side, so it may also part the two. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller'
/** Who made a volume. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
/** The CSI driver that took over from a built-in plugin. */
export const migratedTo = 'pv.kubernetes.io/migrated-to'
/** The node that the scheduler has a claim's volume made for. */
export const selectedNode = 'volume.kubernetes.io/selected-node'
/** Who is to make a volume for a claim; provisioners look at either. */
export const storageProvisioner = [
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
]
/** The class of a claim or a volume, before there was a field. */
export const storageClass = 'volume.beta.kubernetes.io/storage-class'

export const annotationOf = ({ metadata }: ApiObject, name: string): string | undefined => metadata.annotations?.[name]

/** The object with annotations added. */
export const annotated = <T extends ApiObject>(object: T, added: { readonly [name: string]: string }): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...added } },
})
