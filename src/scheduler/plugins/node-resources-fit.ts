import type { Node, Pod } from '../../api/core/v1/index.js'
import { amountsOf } from '../../api/core/v1/index.js'
import { DeviceClass } from '../../api/resource/v1/index.js'
import { deviceState } from '../devices/device-state.js'
import type { NodeFilterFunction, PluginFactory, Rejection, SchedulerPlugin } from '../framework.js'
import { kindInterest, nodeInterest, podInterest } from '../hints.js'
import { podRequest } from '../resources.js'
import { defaultStrategy, type ScoringStrategy, strategyScorer } from '../scoring-strategy.js'

/** As of https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/#kubescheduler-config-k8s-io-v1-NodeResourcesFitArgs */
export interface NodeResourcesFitArgs {
  /** Extended resources that extenders look after. */
  readonly ignoredResources?: readonly string[]
  /** Groups of them: what comes before the slash. */
  readonly ignoredResourceGroups?: readonly string[]
  readonly scoringStrategy?: ScoringStrategy
}

/** A node must have free what the pod asks for; which node is better is a matter of the strategy. */
export const nodeResourcesFit: PluginFactory = ({ informers }, args) => {
  const {
    ignoredResources = [],
    ignoredResourceGroups = [],
    scoringStrategy = defaultStrategy,
  } = (args ?? {}) as NodeResourcesFitArgs
  const ignored = (name: string): boolean =>
    name.includes('/') && (ignoredResources.includes(name) || ignoredResourceGroups.includes(name.split('/')[0] ?? ''))
  const { classBehind } = deviceState(informers)
  const rejections = new Map<string, Rejection>()
  const plugin: SchedulerPlugin = {
    name: 'NodeResourcesFit',
    events: [
      kindInterest(DeviceClass, ['add', 'update']),
      nodeInterest(['add', 'updateNodeAllocatable'], (pod, node) => mayHold(pod, node, name => !!classBehind(name))),
      podInterest(['delete', 'updatePodScaleDown']),
      { of: 'waitingPod', changes: ['updatePodScaleDown'] },
    ],
    filter({ pod }) {
      const requests = Object.entries(podRequest(pod).requested)
        .filter(([name, amount]) => amount > 0 && !ignored(name))
        .map(([name, amount]) => [name, amount, classBehind(name) !== undefined] as const)
      const filter: NodeFilterFunction = info => {
        const { allocatable, requested } = info
        let reasons = info.pods.size + 1 > (allocatable['pods'] ?? 0) ? 'Too many pods' : ''
        let impossible = false
        for (const [name, amount, isDevice] of requests) {
          const total = allocatable[name] ?? 0
          // Devices are for DynamicResources to find.
          if (total === 0 && isDevice) continue
          if (amount <= total - (requested[name] ?? 0)) continue
          reasons += `${reasons && ','}Insufficient ${name}`
          impossible ||= amount > total
        }
        if (!reasons) return undefined
        const key = impossible ? `${reasons}!` : reasons
        let rejection = rejections.get(key)
        if (!rejection) rejections.set(key, (rejection = { reasons: reasons.split(','), unresolvable: impossible }))
        return rejection
      }
      return { filter, signature: JSON.stringify(requests) }
    },
    score: ({ pod }) => strategyScorer(scoringStrategy, podRequest(pod)),
  }
  return plugin
}

/** Whether a node could hold the pod if it were empty. */
function mayHold(pod: Pod, { status }: Node, isDevice: (name: string) => boolean): boolean {
  const allocatable = amountsOf(status.allocatable ?? status.capacity)
  return Object.entries(podRequest(pod).requested).every(
    ([name, amount]) => amount <= (allocatable[name] ?? 0) || (!allocatable[name] && isDevice(name)),
  )
}
