import { type Pod, podRequests } from '../../api/core/v1/index.js'
import { formatQuantity, quantity } from '../../machinery/quantity.js'
import type { Verdict } from '../pod-actions.js'
import { isStaticPod } from '../static-pods.js'

export type EvictedResource = 'memory' | 'ephemeral-storage'

/** What a pod and its containers use of the resource that is short, in bytes. */
export interface PodConsumption {
  readonly pod: Pod
  readonly used: number
  readonly containers: readonly { readonly name: string; readonly used: number }[]
}

/** From here on pods are the system's own and are not evicted. */
const systemCritical = 2_000_000_000

/**
 * Whom to evict first: who uses more than it asked for, then who matters least, then who is furthest above its request
 * (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction).
 */
export function rankForEviction(pods: readonly PodConsumption[], resource: EvictedResource): readonly PodConsumption[] {
  const excess = ({ pod, used }: PodConsumption) => used - (podRequests(pod)[resource] ?? 0)
  const priority = ({ pod }: PodConsumption) => pod.spec.priority ?? 0
  return pods
    .filter(consumption => priority(consumption) < systemCritical && !isStaticPod(consumption.pod))
    .sort((a, b) => Number(excess(b) > 0) - Number(excess(a) > 0) || priority(a) - priority(b) || excess(b) - excess(a))
}

const text = (bytes: number): string => formatQuantity(quantity(Math.round(bytes), 'BinarySI'))

/** Why a pod is evicted; containers above their request are named. */
export function evictionVerdict(
  { pod, containers }: PodConsumption,
  resource: EvictedResource,
  { threshold, available }: { readonly threshold: number; readonly available: number },
): Verdict {
  const culprits = containers.flatMap(({ name, used }) => {
    const request = pod.spec.containers.find(container => container.name === name)?.resources?.requests?.[resource]
    const asked = podRequests({ ...pod, spec: { containers: [{ name, resources: requestOf(resource, request) }] } })
    return used > (asked[resource] ?? 0)
      ? [
          `Container ${name} was using ${text(used)}, request is ${request ?? '0'}, has larger consumption of ${resource}. `,
        ]
      : []
  })
  const message = `The node was low on resource: ${resource}. Threshold quantity: ${text(threshold)}, available: ${text(available)}. ${culprits.join('')}`
  return evicted(message)
}

const requestOf = (resource: string, amount: string | undefined) => (amount ? { requests: { [resource]: amount } } : {})

/** An eviction, as conditions and controllers see it. */
export const evicted = (message: string): Verdict => ({
  phase: 'Failed',
  reason: 'Evicted',
  message,
  condition: { type: 'DisruptionTarget', reason: 'TerminationByKubelet', message },
  gracePeriod: 1,
})
