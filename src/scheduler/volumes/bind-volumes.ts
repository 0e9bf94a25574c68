import { type Node, PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { annotated, annotationOf, selectedNode } from '../../api/core/v1/volume-annotations.js'
import { volumeBoundTo } from '../../api/core/v1/volume-bound-to.js'
import type { Client } from '../../client/client.js'
import type { Clock } from '../../machinery/clock.js'
import { messageOf } from '../../machinery/message-of.js'
import { untilHolds } from '../until-holds.js'
import { reachable, type VolumePlan } from './plan-volumes.js'
import { isBound } from './pod-claims.js'
import type { VolumeState } from './volume-state.js'

/** The claim that asks for a volume on a node; the same object if it does already. */
const madeFor = (claim: PersistentVolumeClaim, node: string): PersistentVolumeClaim =>
  annotationOf(claim, selectedNode) === node ? claim : annotated(claim, { [selectedNode]: node })

/** Has other pods' decisions count with a plan that is about to be written. */
export function assumePlan({ bindings, provisions }: VolumePlan, node: string, state: VolumeState): void {
  for (const { claim, volume } of bindings) {
    const bound = volumeBoundTo(volume, claim)
    if (bound !== volume) state.volumes.assume(bound)
  }
  for (const claim of provisions) {
    const asking = madeFor(claim, node)
    if (asking !== claim) state.claims.assume(asking)
  }
}

/** Takes `assumePlan` back, as far as it has not been written. */
export function forgetPlan({ bindings, provisions }: VolumePlan, state: VolumeState): void {
  for (const { volume } of bindings) state.volumes.restore(volume.metadata)
  for (const claim of provisions) state.claims.restore(claim.metadata)
}

export interface BindingOptions {
  readonly client: Client
  readonly clock: Clock
  /** How long the other side may take, in ms. */
  readonly timeout: number
  /** The node as it is now. */
  readonly node: () => Node | undefined
  readonly signal: AbortSignal
}

/**
 * Writes a plan, and waits until the claims are bound. Throws what the client throws; an error if the claims cannot be
 * bound any more, or are not in time; the signal's reason if it aborts.
 */
export async function bindVolumes(
  plan: VolumePlan,
  nodeName: string,
  state: VolumeState,
  options: BindingOptions,
): Promise<void> {
  const { client, clock, timeout, signal } = options
  for (const { claim, volume } of plan.bindings) {
    const bound = volumeBoundTo(volume, claim)
    if (bound !== volume) state.volumes.wrote(await client.update(PersistentVolume, bound, { signal }))
  }
  for (const claim of plan.provisions) {
    const asking = madeFor(claim, nodeName)
    if (asking !== claim) state.claims.wrote(await client.update(PersistentVolumeClaim, asking, { signal }))
  }
  try {
    await untilHolds({
      look: () => allBound(plan, nodeName, state, options.node),
      listen: state.onChange,
      clock,
      timeout,
      late: () => new Error('context deadline exceeded'),
      signal,
    })
  } catch (error) {
    throw signal.aborted ? error : new Error(`binding volumes: ${messageOf(error)}`, { cause: error })
  }
}

/** Throws if it will never be so. */
function allBound(
  { bindings, provisions }: VolumePlan,
  nodeName: string,
  { claims, volumes }: VolumeState,
  nodeOf: () => Node | undefined,
): boolean {
  const node = nodeOf()
  if (!node) throw new Error(`failed to get node ${JSON.stringify(nodeName)}: node not found`)
  for (const { volume } of bindings) {
    const name = JSON.stringify(volume.metadata.name)
    const current = volumes.get(volume.metadata)
    if (!current) throw new Error(`failed to check binding: persistentvolume ${name} not found`)
    checkReach(current, node)
    if (!current.spec.claimRef?.uid) throw new Error(`ClaimRef got reset for pv ${name}`)
  }
  let all = true
  const waited = [...bindings.map(({ claim }) => ({ claim, isMade: false })), ...provisions.map(made)]
  for (const { claim, isMade } of waited) {
    const name = JSON.stringify(claim.metadata.name)
    const current = claims.get(claim.metadata)
    if (!current || current.metadata.uid !== claim.metadata.uid)
      throw new Error(`failed to check provisioning pvc: persistentvolumeclaim ${name} not found`)
    if (isBound(current)) {
      const volume = volumes.get({ name: current.spec.volumeName ?? '' })
      if (volume) checkReach(volume, node)
    } else if (isMade && annotationOf(current, selectedNode) !== nodeName)
      throw new Error(`provisioning failed for PVC ${name}`)
    else all = false
  }
  return all
}

const made = (claim: PersistentVolumeClaim) => ({ claim, isMade: true })

function checkReach(volume: PersistentVolume, node: Node): void {
  if (reachable(volume, node)) return
  const [name, on] = [volume.metadata.name, node.metadata.name].map(each => JSON.stringify(each))
  throw new Error(`pv ${name} node affinity doesn't match node ${on}: no matching NodeSelectorTerms`)
}
