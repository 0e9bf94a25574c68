import type { PluginFactory, SchedulerPlugin } from '../framework.js'
import { defaultBinder } from './default-binder.js'
import { defaultPreemption } from './default-preemption.js'
import { dynamicResources } from './dynamic-resources.js'
import { imageLocality } from './image-locality.js'
import { interPodAffinity } from './inter-pod-affinity.js'
import { nodeAffinity } from './node-affinity.js'
import { nodeName } from './node-name.js'
import { nodePorts } from './node-ports.js'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.js'
import { nodeResourcesFit } from './node-resources-fit.js'
import { nodeUnschedulable } from './node-unschedulable.js'
import { nodeVolumeLimits } from './node-volume-limits.js'
import { podTopologySpread } from './pod-topology-spread.js'
import { prioritySort } from './priority-sort.js'
import { schedulingGates } from './scheduling-gates.js'
import { taintToleration } from './taint-toleration.js'
import { volumeBinding } from './volume-binding.js'
import { volumeRestrictions } from './volume-restrictions.js'
import { volumeZone } from './volume-zone.js'

const plain =
  (plugin: SchedulerPlugin): PluginFactory =>
  () =>
    plugin

/**
 * The plugins of kube-scheduler by name, in the order of its default profile; all of them are in it.
 * https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
export const builtInPlugins: Readonly<Record<string, PluginFactory>> = {
  SchedulingGates: plain(schedulingGates),
  PrioritySort: plain(prioritySort),
  NodeUnschedulable: plain(nodeUnschedulable),
  NodeName: plain(nodeName),
  TaintToleration: plain(taintToleration),
  NodeAffinity: nodeAffinity,
  NodePorts: plain(nodePorts),
  NodeResourcesFit: nodeResourcesFit,
  VolumeRestrictions: volumeRestrictions,
  NodeVolumeLimits: nodeVolumeLimits,
  VolumeBinding: volumeBinding,
  VolumeZone: volumeZone,
  PodTopologySpread: podTopologySpread,
  InterPodAffinity: interPodAffinity,
  DynamicResources: dynamicResources,
  DefaultPreemption: defaultPreemption,
  NodeResourcesBalancedAllocation: nodeResourcesBalancedAllocation,
  ImageLocality: plain(imageLocality),
  DefaultBinder: defaultBinder,
}
