import { DaemonSet } from '../../api/apps/v1/index.js'
import type { Affinity, Node, Pod, PodInit, PodSpec, Toleration } from '../../api/core/v1/index.js'
import { nodeMatches } from '../../api/core/v1/node-matches.js'
import { tolerates } from '../../api/core/v1/tolerates.js'
import { controllerReference } from '../../client/owners.js'
import { revisionHashLabel } from '../controller-revisions/revision-plan.js'

const generationAnnotation = 'deprecated.daemonset.template.generation'
const generationLabel = 'pod-template-generation'

const tolerated = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect })

/**
 * What daemon pods put up with by themselves:
 * https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
 */
const ownTolerations: readonly Toleration[] = [
  tolerated('node.kubernetes.io/not-ready', 'NoExecute'),
  tolerated('node.kubernetes.io/unreachable', 'NoExecute'),
  tolerated('node.kubernetes.io/disk-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/memory-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/pid-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/unschedulable', 'NoSchedule'),
]

/** The tolerations of a daemon set's pods: those of the template, and their own where it does not have them. */
function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const added = hostNetwork
    ? [...ownTolerations, tolerated('node.kubernetes.io/network-unavailable', 'NoSchedule')]
    : ownTolerations
  const replaced = tolerations.map(one => added.find(other => sameToleration(one, other)) ?? one)
  return [...replaced, ...added.filter(one => !tolerations.some(other => sameToleration(one, other)))]
}

const sameToleration = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '')

/** Whether a node is to get a pod, and whether one that runs there may stay. */
export interface NodeFit {
  readonly starts: boolean
  readonly stays: boolean
}

/** Judges nodes for a daemon set. */
export function nodeFit({ spec: { template } }: DaemonSet): (node: Pick<Node, 'metadata' | 'spec'>) => NodeFit {
  const tolerations = daemonTolerations(template.spec)
  const never = { starts: false, stays: false }
  const { nodeName } = template.spec
  return node => {
    if (nodeName && nodeName !== node.metadata.name) return never
    if (!nodeMatches(template.spec, node)) return never
    const untolerated = (node.spec.taints ?? []).filter(
      taint => !tolerations.some(toleration => tolerates(toleration, taint)),
    )
    return {
      starts: !untolerated.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
      stays: !untolerated.some(({ effect }) => effect === 'NoExecute'),
    }
  }
}

/** The node a daemon pod is on, or is meant for until it is scheduled. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  for (const { matchFields = [] } of terms)
    for (const { key, operator, values = [] } of matchFields)
      if (key === 'metadata.name' && operator === 'In' && values.length === 1) return values[0]
  return undefined
}

/** By which a pod is known to be made of the present template. */
export interface TemplateVersion {
  /** Of the current revision. */
  readonly hash: string
  /** The number that older clients go by. */
  readonly generation: string | undefined
}

export function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[generationAnnotation]
  return text !== undefined && /^-?\d+$/.test(text) ? text : undefined
}

export const isUpdated = ({ metadata: { labels } }: Pod, { hash, generation }: TemplateVersion): boolean =>
  (hash !== '' && labels?.[revisionHashLabel] === hash) ||
  (generation !== undefined && labels?.[generationLabel] === generation)

/** The pod that is made for a node, yet without a name; the scheduler is bound to take it there. */
export function daemonPod(set: DaemonSet, node: string, { hash, generation }: TemplateVersion): PodInit {
  const { metadata = {}, spec } = set.spec.template
  const { labels, annotations, finalizers } = metadata
  return {
    metadata: {
      namespace: set.metadata.namespace ?? '',
      generateName: `${set.metadata.name}-`,
      labels: {
        ...labels,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
        ...(hash ? { [revisionHashLabel]: hash } : {}),
      },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(DaemonSet, set)],
    },
    spec: { ...spec, affinity: pinned(spec.affinity, node), tolerations: daemonTolerations(spec) },
  }
}

/** The set's own required node affinity is met by the node already; only the node's name is left to ask for. */
function pinned(affinity: Affinity | undefined, node: string): Affinity {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }]
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
    },
  }
}
