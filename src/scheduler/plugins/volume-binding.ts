import { PersistentVolume } from '../../api/core/v1/index.js'
import { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from '../../api/storage/v1/index.js'
import type { PluginFactory, SchedulingCycle } from '../framework.js'
import { claimInterest, kindInterest, nodeInterest } from '../hints.js'
import { assumePlan, bindVolumes, forgetPlan } from '../volumes/bind-volumes.js'
import { planVolumes, type VolumePlan } from '../volumes/plan-volumes.js'
import { podClaims } from '../volumes/pod-claims.js'
import { holds } from '../volumes/storage-capacity.js'
import { volumeState } from '../volumes/volume-state.js'

/** As of https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/#kubescheduler-config-k8s-io-v1-VolumeBindingArgs */
export interface VolumeBindingArgs {
  readonly bindTimeoutSeconds?: number
}

/**
 * A pod goes where its volumes can be reached, or be bound or made; these are bound before the pod is.
 * https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
 */
export const volumeBinding: PluginFactory = ({ client, informers, clock, metrics }, args) => {
  const { bindTimeoutSeconds = 600 } = (args ?? {}) as VolumeBindingArgs
  const state = volumeState(informers)
  /** What each attempt has found for the nodes it looked at. */
  const plans = new WeakMap<SchedulingCycle, Map<string, VolumePlan>>()
  const planOf = (cycle: SchedulingCycle, node: string) => plans.get(cycle)?.get(node)
  return {
    name: 'VolumeBinding',
    events: [
      claimInterest(['add', 'update']),
      kindInterest(PersistentVolume, ['add', 'update']),
      kindInterest(StorageClass, ['add', 'update']),
      kindInterest(CSINode, ['add', 'update']),
      kindInterest(CSIDriver, ['update'], (old, now) =>
        Boolean(old?.spec.storageCapacity && !now?.spec.storageCapacity),
      ),
      kindInterest(CSIStorageCapacity, ['add', 'update'], grown),
      nodeInterest(['add', 'updateNodeLabel']),
    ],
    filter(cycle) {
      const claims = podClaims(cycle.pod, state)
      if (!claims) return undefined
      const found = new Map<string, VolumePlan>()
      if (claims.delayed.length > 0) plans.set(cycle, found)
      return ({ name, node }) => {
        if (!node) return undefined
        const plan = planVolumes(node, claims, state)
        if ('reasons' in plan) return plan
        found.set(name, plan)
        return undefined
      }
    },
    reserve(cycle, node) {
      const plan = planOf(cycle, node)
      if (plan) assumePlan(plan, node, state)
    },
    unreserve(cycle, node) {
      const plan = planOf(cycle, node)
      if (plan) forgetPlan(plan, state)
    },
    preBind(cycle, node) {
      const plan = planOf(cycle, node)
      if (!plan) return undefined
      const bound = bindVolumes(plan, node, state, {
        client,
        clock,
        timeout: bindTimeoutSeconds * 1000,
        node: () => cycle.snapshot.get(node)?.node,
        signal: cycle.signal,
      })
      return bound.catch(error => {
        metrics?.volumeBindingFailed()
        throw error
      })
    },
  }
}

/** Whether there is more room than before. */
function grown(old: CSIStorageCapacity | undefined, now: CSIStorageCapacity | undefined): boolean {
  const size = now?.maximumVolumeSize ?? now?.capacity
  return !old || (size !== undefined && !holds(old, size))
}
