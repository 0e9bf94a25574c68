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
    whole && (asked(whole.requests).length > 0 || asked(whole.limits).length > 0)
      ? [whole]
      : [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])].map(({ resources = {} }) => resources)
  if (requirements.every(({ requests, limits }) => asked(requests).length + asked(limits).length === 0))
    return 'BestEffort'
  return requirements.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

const asked = (amounts: Amounts | undefined): readonly string[] =>
  resources.filter(name => amounts?.[name] !== undefined && quantityToNumber(amounts[name] ?? '0') > 0)

const isGuaranteed = ({ requests, limits }: Requirements): boolean =>
  resources.every(name => {
    const limit = limits?.[name]
    if (limit === undefined || quantityToNumber(limit) === 0) return false
    const request = requests?.[name]
    return request === undefined || compareQuantities(request, limit) === 0
  })
