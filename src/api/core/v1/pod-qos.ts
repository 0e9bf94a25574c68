import { compareQuantities, quantityToNumber } from '../../../machinery/quantity.js'
import type { Pod } from './pod.js'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

interface Amounts {
  readonly [resource: string]: string
}

interface Requirements {
  readonly requests?: Amounts
  readonly limits?: Amounts
}

const resources = ['cpu', 'memory'] as const

/**
 * How well a pod is kept supplied when the node runs short, read off what its containers ask for
 * (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/). Requirements of the pod as a whole stand in for those
 * of its containers.
 */
export function qosClass(pod: Pick<Pod, 'spec'>): QosClass {
  const whole = pod.spec.resources
  const requirements: readonly Requirements[] =
    whole && (asks(whole.requests) || asks(whole.limits))
      ? [whole]
      : [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])].map(({ resources = {} }) => resources)
  if (!requirements.some(({ requests, limits }) => asks(requests) || asks(limits))) return 'BestEffort'
  return requirements.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

const asks = (amounts: Amounts | undefined): boolean =>
  amounts !== undefined &&
  resources.some(name => {
    const amount = amounts[name]
    return amount !== undefined && quantityToNumber(amount) > 0
  })

const isGuaranteed = ({ requests, limits }: Requirements): boolean =>
  resources.every(name => {
    const limit = limits?.[name]
    if (limit === undefined || quantityToNumber(limit) === 0) return false
    const request = requests?.[name]
    return request === undefined || compareQuantities(request, limit) === 0
  })
