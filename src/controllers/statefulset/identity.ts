import { StatefulSet } from '../../api/apps/v1/index.js'
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimInit,
  Pod,
  PodInit,
  PodTemplateSpec,
} from '../../api/core/v1/index.js'
import { controllerReference } from '../../client/owners.js'
import { revisionHashLabel } from '../controller-revisions/revision-plan.js'

const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

export const firstOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0

export const wantedReplicas = ({ spec }: StatefulSet): number => spec.replicas ?? 1

/** Whether a set of its present size has a pod of this ordinal. */
export const inRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set) + wantedReplicas(set)

export const podName = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`

/** A pod's number in its set; undefined of one whose name is not of the set. */
export const ordinalOf = (set: StatefulSet, { metadata }: Pod): number | undefined =>
  ordinalBehind(`${set.metadata.name}-`, metadata.name ?? '')

function ordinalBehind(prefix: string, name: string): number | undefined {
  const digits = name.slice(prefix.length)
  return name.startsWith(prefix) && /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined
}

/** The name of the revision a pod was made of. */
export const podRevision = ({ metadata }: Pod): string => metadata.labels?.[revisionHashLabel] ?? ''

export interface StatefulClaim {
  /** Of the volume in the pod. */
  readonly volume: string
  readonly claim: PersistentVolumeClaimInit
}

/** The claims of the pod with this ordinal, as they are made. */
export const claimsFor = (set: StatefulSet, ordinal: number): readonly StatefulClaim[] =>
  (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    volume: metadata.name ?? '',
    claim: {
      metadata: {
        ...metadata,
        namespace: set.metadata.namespace ?? '',
        name: `${metadata.name}-${podName(set, ordinal)}`,
        labels: { ...metadata.labels, ...set.spec.selector?.matchLabels },
      },
      spec,
    },
  }))

/** Whether a claim has the name of one of the set's. */
export const isClaimOf = (set: StatefulSet, { metadata }: PersistentVolumeClaim): boolean =>
  (set.spec.volumeClaimTemplates ?? []).some(
    template => ordinalBehind(`${template.metadata.name}-${set.metadata.name}-`, metadata.name ?? '') !== undefined,
  )

/** The labels by which a pod is found by its place in the set. */
export const identityLabels = (set: StatefulSet, ordinal: number): { readonly [label: string]: string } => ({
  [podNameLabel]: podName(set, ordinal),
  [podIndexLabel]: String(ordinal),
})

export const hasIdentity = (set: StatefulSet, ordinal: number, { metadata }: Pod): boolean =>
  Object.entries(identityLabels(set, ordinal)).every(([label, value]) => metadata.labels?.[label] === value)

/**
 * The pod with this ordinal:
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity
 */
export function statefulPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): PodInit {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const name = podName(set, ordinal)
  const claims = claimsFor(set, ordinal)
  const claimed = claims.map(({ volume, claim }) => ({
    name: volume,
    persistentVolumeClaim: { claimName: claim.metadata?.name ?? '' },
  }))
  // A claim's volume goes before one of the template that has its name.
  const others = (template.spec.volumes ?? []).filter(volume => !claims.some(one => one.volume === volume.name))
  const volumes = [...claimed, ...others]
  return {
    metadata: {
      namespace: set.metadata.namespace ?? '',
      // Of no use beside a name, but pods of sets have it.
      generateName: `${set.metadata.name}-`,
      name,
      labels: { ...labels, ...identityLabels(set, ordinal), [revisionHashLabel]: revision },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(StatefulSet, set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  }
}
