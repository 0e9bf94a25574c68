import { type Pod, podLimitQuantities, podRequestQuantities } from '../api/core/v1/index.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { type Quantity, quantityToNumber } from '../machinery/quantity.js'

const labels = ['namespace', 'pod', 'node', 'scheduler', 'priority', 'resource', 'unit'] as const
const about =
  'broken down by pod. This shows the resource usage the scheduler and kubelet expect per pod for resources along with the unit for the resource if any.'

/**
 * What the pods of a cluster ask for and may use, in Prometheus' text format:
 * https://kubernetes.io/docs/concepts/cluster-administration/system-metrics/#kube-scheduler-metrics Pods that have ended
 * do not count.
 */
export function podResourceMetrics(pods: Iterable<Pod>): string {
  const metrics = new MetricsRegistry()
  const gauge = (name: string, help: string) =>
    metrics.gauge({ name, help: `${help}, ${about}`, labels, stability: 'STABLE' })
  const requests = gauge('kube_pod_resource_request', 'Resources requested by workloads on the cluster')
  const limits = gauge('kube_pod_resource_limit', 'Resources limit for workloads on the cluster')
  for (const pod of pods) {
    const { metadata, spec, status } = pod
    const { nodeName = '', schedulerName = '', priority } = spec
    if (nodeName && (status.phase === 'Succeeded' || status.phase === 'Failed')) continue
    const of = [metadata.namespace ?? '', metadata.name ?? '', nodeName, schedulerName, String(priority ?? '')] as const
    const show = (into: typeof requests, amounts: { readonly [resource: string]: Quantity }) => {
      for (const [resource, quantity] of Object.entries(amounts)) {
        const amount = quantityToNumber(quantity)
        if (amount !== 0) into.with(...of, resource, unitOf(resource)).set(amount)
      }
    }
    show(requests, podRequestQuantities(pod))
    show(limits, podLimitQuantities(pod))
  }
  return metrics.text()
}

function unitOf(resource: string): string {
  if (resource === 'cpu') return 'cores'
  if (['memory', 'storage', 'ephemeral-storage'].includes(resource) || resource.startsWith('hugepages-')) return 'bytes'
  return resource.startsWith('attachable-volumes-') ? 'integer' : ''
}
