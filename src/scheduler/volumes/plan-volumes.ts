import type { Node, PersistentVolume, PersistentVolumeClaim, TopologySelectorTerm } from '../../api/core/v1/index.js'
import { termMatches } from '../../api/core/v1/node-matches.js'
import { annotationOf, selectedNode } from '../../api/core/v1/volume-annotations.js'
import { bySize, classOf, freeVolumes, reservedVolume } from '../../api/core/v1/volume-match.js'
import type { StorageClass } from '../../api/storage/v1/index.js'
import { compareQuantities } from '../../machinery/quantity.js'
import type { Rejection } from '../framework.js'
import type { PodClaims } from './pod-claims.js'
import { enoughCapacity } from './storage-capacity.js'
import type { VolumeState } from './volume-state.js'

/** How the claims of a pod get their volumes if it goes to a node. */
export interface VolumePlan {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]
  /** Claims whose volumes are to be made for the node. */
  readonly provisions: readonly PersistentVolumeClaim[]
}

const conflict = "node(s) didn't match PersistentVolume's node affinity"
const missing = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'
const unbindable = "node(s) didn't find available persistent volumes to bind"
const noSpace = 'node(s) did not have enough free storage'

/** The class of volumes that nobody makes. */
const noProvisioner = 'kubernetes.io/no-provisioner'

const rejections = new Map<string, Rejection>()

/** The same object for the same reasons. */
function rejected(reasons: readonly string[]): Rejection {
  const key = reasons.join()
  let rejection = rejections.get(key)
  if (!rejection) rejections.set(key, (rejection = { reasons, unresolvable: true }))
  return rejection
}

type State = Pick<VolumeState, 'volumes' | 'candidates' | 'storageClass' | 'csiDriver' | 'capacitiesOf'>

/** How the claims get their volumes on a node, or why the node will not do. */
export function planVolumes(node: Node, { bound, delayed }: PodClaims, state: State): VolumePlan | Rejection {
  const volumes = bound.map(({ spec }) => state.volumes.get({ name: spec.volumeName ?? '' }))
  const found = volumes.includes(undefined) ? [missing] : []
  const reached = volumes.every(volume => !volume || reachable(volume, node)) ? [] : [conflict]
  const plan = planUnbound(node, delayed, state)
  const reasons = [...reached, ...(typeof plan === 'string' ? [plan] : []), ...found]
  return typeof plan === 'string' || reasons.length > 0 ? rejected(reasons) : plan
}

function planUnbound(node: Node, claims: readonly PersistentVolumeClaim[], state: State): VolumePlan | string {
  const provisions: PersistentVolumeClaim[] = []
  const bindings: VolumePlan['bindings'][number][] = []
  const taken = new Set<string | undefined>()
  for (const claim of claims.toSorted(smallerRequest)) {
    const chosen = annotationOf(claim, selectedNode)
    if (chosen !== undefined && chosen !== node.metadata.name) return unbindable
    const volume =
      chosen === undefined
        ? matchingVolume(
            claim,
            state.candidates(claim).filter(({ metadata }) => !taken.has(metadata.name)),
            node,
          )
        : undefined
    if (volume) bindings.push({ claim, volume })
    else provisions.push(claim)
    taken.add(volume?.metadata.name)
  }
  for (const claim of provisions) {
    const found = state.storageClass(classOf(claim))
    if (!found?.provisioner || found.provisioner === noProvisioner || !allowedOn(node, found)) return unbindable
    if (!enoughCapacity(claim, found, node, state)) return noSpace
  }
  return { bindings, provisions }
}

/** Those that are content with less must not take what others need. */
const smallerRequest = (a: PersistentVolumeClaim, b: PersistentVolumeClaim): number =>
  compareQuantities(a.spec.resources.requests?.['storage'] ?? '0', b.spec.resources.requests?.['storage'] ?? '0')

/** A volume reserved for the claim, which it must take, else the smallest that the node reaches. */
function matchingVolume(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[], node: Node) {
  const reserved = reservedVolume(claim, volumes)
  if (reserved) return reachable(reserved, node) ? reserved : undefined
  return freeVolumes(claim, volumes)
    .filter(volume => reachable(volume, node))
    .sort(bySize)[0]
}

/** Whether a volume can be used on a node. */
export function reachable({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec.nodeAffinity?.required
  return !required || required.nodeSelectorTerms.some(term => termMatches(term, node))
}

/** Whether a class lets volumes be made for a node. */
function allowedOn(node: Node, { allowedTopologies = [] }: StorageClass): boolean {
  const labels = node.metadata.labels ?? {}
  const allows = ({ matchLabelExpressions = [] }: TopologySelectorTerm) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
  return allowedTopologies.length === 0 || allowedTopologies.some(allows)
}
