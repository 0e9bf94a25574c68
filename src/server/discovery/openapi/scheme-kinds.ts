import { DeleteOptions, WatchEvent } from '../../../machinery/meta/index.js'
import type { GroupVersionKind, MessageSchema } from '../../../schema/index.js'

/** Every version of a group that Kubernetes knows, served or not: kinds of all groups exist in each of them. */
const versions: { readonly [group: string]: string } = {
  '': 'v1',
  'admission.k8s.io': 'v1 v1beta1',
  'admissionregistration.k8s.io': 'v1 v1alpha1 v1beta1',
  'apiextensions.k8s.io': 'v1 v1beta1',
  'apiregistration.k8s.io': 'v1 v1beta1',
  apps: 'v1 v1beta1 v1beta2',
  'authentication.k8s.io': 'v1 v1alpha1 v1beta1',
  'authorization.k8s.io': 'v1 v1beta1',
  autoscaling: 'v1 v2',
  batch: 'v1 v1beta1',
  'certificates.k8s.io': 'v1 v1alpha1 v1beta1',
  'coordination.k8s.io': 'v1 v1alpha2 v1beta1',
  'discovery.k8s.io': 'v1 v1beta1',
  'events.k8s.io': 'v1 v1beta1',
  extensions: 'v1beta1',
  'flowcontrol.apiserver.k8s.io': 'v1 v1beta1 v1beta2 v1beta3',
  'imagepolicy.k8s.io': 'v1alpha1',
  'internal.apiserver.k8s.io': 'v1alpha1',
  'networking.k8s.io': 'v1 v1beta1',
  'node.k8s.io': 'v1 v1alpha1 v1beta1',
  policy: 'v1 v1beta1',
  'rbac.authorization.k8s.io': 'v1 v1alpha1 v1beta1',
  'resource.k8s.io': 'v1 v1alpha3 v1beta1 v1beta2',
  'scheduling.k8s.io': 'v1 v1alpha1 v1alpha2 v1beta1',
  'storage.k8s.io': 'v1 v1alpha1 v1beta1',
  'storagemigration.k8s.io': 'v1beta1',
}

const everywhere = (kind: string): readonly GroupVersionKind[] =>
  Object.entries(versions).flatMap(([group, list]) => list.split(' ').map(version => ({ group, kind, version })))

const ofAllGroups = new Map<string, readonly GroupVersionKind[]>(
  [DeleteOptions, WatchEvent].map(({ name }) => [name, everywhere(name.slice(name.lastIndexOf('.') + 1))]),
)

/** The kinds of a message that exists in every group; undefined for all others. */
export const kindsOfMessage = ({ name }: MessageSchema): readonly GroupVersionKind[] | undefined =>
  ofAllGroups.get(name)
