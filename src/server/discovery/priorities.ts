/** The place of a version among all others: groups by the highest of theirs, versions within their group. */
export interface Priority {
  readonly groupPriorityMinimum: number
  readonly versionPriority: number
}

/** Of the groups that come with the server, as upstream has them. */
const groups: { readonly [group: string]: number } = {
  '': 18_000,
  // Above what anybody else may ask for.
  'apiregistration.k8s.io': 20_001,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'storagemigration.k8s.io': 15_800,
  // As the metrics server registers itself: it may take the place of this one.
  'metrics.k8s.io': 100,
}

const versions: { readonly [groupVersion: string]: number } = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'resource.k8s.io/v1': 21,
  'storagemigration.k8s.io/v1beta1': 9,
  'metrics.k8s.io/v1beta1': 100,
}
const versionPriority = 15

/** The place of versions of custom resources: behind everything that comes with the server. */
export const customPriority: Priority = { groupPriorityMinimum: 1000, versionPriority: 100 }

/** The place of a version that the server itself serves. */
export function localPriority(group: string, version: string): Priority {
  const groupPriorityMinimum = groups[group]
  if (groupPriorityMinimum === undefined) return customPriority
  return { groupPriorityMinimum, versionPriority: versions[`${group}/${version}`] ?? versionPriority }
}

/** Whether a group comes with the server; others are those of custom resources and of other servers. */
export const isBuiltIn = (group: string): boolean => Object.hasOwn(groups, group)
