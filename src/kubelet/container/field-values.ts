import type { Container, Pod } from '../../api/core/v1/index.js'
import { goQuote } from '../../machinery/go-format.js'
import { milliValue, parseQuantity, quantityValue } from '../../machinery/quantity.js'
import { ConfigError } from './config-error.js'

/** What a pod's fields say on the node it runs on. */
export interface NodeView {
  readonly hostIps: readonly string[]
  /** What stands for a limit that is not set: quantities by resource name. */
  readonly allocatable: { readonly [resource: string]: string }
}

const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s

/** The value of a pod's field as the downward API names it. `ips`: the pod's own. Throws `ConfigError`. */
export function fieldValue(pod: Pod, path: string, node: NodeView, ips: readonly string[]): string {
  const { metadata, spec } = pod
  const [, map, key = ''] = subscript.exec(path) ?? []
  if (map) return (map === 'metadata.labels' ? metadata.labels : metadata.annotations)?.[key] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? ''
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return mapText(metadata.labels)
    case 'metadata.annotations':
      return mapText(metadata.annotations)
    case 'spec.nodeName':
      return spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return node.hostIps[0] ?? ''
    case 'status.hostIPs':
      return node.hostIps.join(',')
    case 'status.podIP':
      return ips[0] ?? ''
    case 'status.podIPs':
      return ips.join(',')
    default:
      throw new ConfigError(`unsupported fieldPath: ${path}`)
  }
}

/** One `key="value"` a line, by key. */
const mapText = (map: { readonly [key: string]: string } = {}): string =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .join('\n')

/**
 * A container's request or limit, in units of `divisor`, rounded up. A limit that is not set is the node's; a request
 * that is not set is 0. Throws `ConfigError`.
 */
export function resourceValue(container: Container, resource: string, divisor: string | undefined, node: NodeView) {
  const [side, ...rest] = resource.split('.')
  const name = rest.join('.')
  const { requests, limits } = container.resources ?? {}
  const known = name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')
  if ((side !== 'limits' && side !== 'requests') || !known)
    throw new ConfigError(`unsupported container resource : ${resource}`)
  const amount = side === 'limits' ? (nonZero(limits?.[name]) ?? node.allocatable[name]) : requests?.[name]
  const unit = divisor && parseQuantity(divisor).nanos !== 0n ? divisor : '1'
  if (!amount) return '0'
  return String(
    name === 'cpu'
      ? Math.ceil(milliValue(amount) / milliValue(unit))
      : Math.ceil(quantityValue(amount) / quantityValue(unit)),
  )
}

const nonZero = (amount: string | undefined): string | undefined =>
  amount !== undefined && parseQuantity(amount).nanos !== 0n ? amount : undefined
