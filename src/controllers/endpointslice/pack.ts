import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { EndpointGroup } from './desired-endpoints.js'

/** Endpoints a slice may hold. */
const sliceCapacity = 100

/** What is to become of the slices of one service and one family. */
export interface Packing {
  readonly create: readonly EndpointGroup[]
  /** With the endpoints they are to hold. */
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[]
  readonly keep: readonly EndpointSlice[]
  readonly remove: readonly EndpointSlice[]
}

/**
 * Fits endpoints into slices so that few slices change, rather than few be needed: every write goes to every node.
 * Endpoints stay where they are; new ones go first into slices that change anyway, then into one that has room for all
 * of them, then into new ones: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#distribution-of-endpointslices
 * With `neverNone`, the default, one empty slice stands for no endpoints at all.
 */
export function pack(
  groups: readonly EndpointGroup[],
  slices: readonly EndpointSlice[],
  options: { readonly capacity?: number; readonly neverNone?: boolean } = {},
): Packing {
  const { capacity = sliceCapacity, neverNone = true } = options
  const result = {
    create: [] as EndpointGroup[],
    update: [] as { slice: EndpointSlice; endpoints: readonly Endpoint[] }[],
    keep: [] as EndpointSlice[],
    remove: [] as EndpointSlice[],
  }
  const taken = new Set<EndpointSlice>()
  for (const group of groups) {
    const mine = slices.filter(slice => !taken.has(slice) && samePorts(slice, group))
    for (const slice of mine) taken.add(slice)
    packGroup(group, mine, capacity, result)
  }
  for (const slice of slices) if (!taken.has(slice)) result.remove.push(slice)
  if (neverNone && result.create.length + result.update.length + result.keep.length === 0) keepOneEmpty(result)
  return result
}

interface Draft {
  readonly create: EndpointGroup[]
  readonly update: { slice: EndpointSlice; endpoints: readonly Endpoint[] }[]
  readonly keep: EndpointSlice[]
  readonly remove: EndpointSlice[]
}

function packGroup(
  { ports, endpoints }: EndpointGroup,
  slices: readonly EndpointSlice[],
  capacity: number,
  result: Draft,
): void {
  const waiting = new Map(endpoints.map(endpoint => [identityOf(endpoint), endpoint]))
  const changed: { slice: EndpointSlice; endpoints: Endpoint[] }[] = []
  const unchanged: EndpointSlice[] = []
  for (const slice of slices) {
    const held = slice.endpoints ?? []
    const stay: Endpoint[] = []
    let differs = held.length > capacity
    for (const endpoint of held) {
      const wanted = waiting.get(identityOf(endpoint))
      if (!wanted || stay.length === capacity) {
        differs = true
        continue
      }
      waiting.delete(identityOf(endpoint))
      if (jsonEqual(endpoint, wanted)) stay.push(endpoint)
      else {
        differs = true
        stay.push(wanted)
      }
    }
    if (differs) changed.push({ slice, endpoints: stay })
    else unchanged.push(slice)
  }
  const rest = [...waiting.values()]
  for (const one of changed.sort((a, b) => b.endpoints.length - a.endpoints.length))
    one.endpoints.push(...rest.splice(0, capacity - one.endpoints.length))
  if (rest.length > 0) {
    const roomy = unchanged
      .filter(({ endpoints }) => (endpoints ?? []).length + rest.length <= capacity)
      .sort((a, b) => (b.endpoints ?? []).length - (a.endpoints ?? []).length)[0]
    if (roomy) {
      unchanged.splice(unchanged.indexOf(roomy), 1)
      changed.push({ slice: roomy, endpoints: [...(roomy.endpoints ?? []), ...rest.splice(0)] })
    }
  }
  while (rest.length > 0) result.create.push({ ports, endpoints: rest.splice(0, capacity) })
  for (const one of changed) {
    if (one.endpoints.length > 0) result.update.push(one)
    else result.remove.push(one.slice)
  }
  for (const slice of unchanged) ((slice.endpoints ?? []).length > 0 ? result.keep : result.remove).push(slice)
}

/** A service without endpoints has one empty slice, by which clients see that it is looked after. */
function keepOneEmpty({ create, keep, remove }: Draft): void {
  const at = remove.findIndex(({ endpoints, ports }) => (endpoints ?? []).length === 0 && (ports ?? []).length === 0)
  const [empty] = at >= 0 ? remove.splice(at, 1) : []
  if (empty) keep.push(empty)
  else create.push({ ports: [], endpoints: [] })
}

const identityOf = ({ addresses, targetRef }: Endpoint): string => `${targetRef?.uid ?? ''} ${addresses.join(',')}`

/** Ports of a slice as they were written: in whatever order. */
function samePorts(slice: EndpointSlice, { ports }: EndpointGroup): boolean {
  const held = slice.ports ?? []
  return held.length === ports.length && ports.every(port => held.some(one => jsonEqual(one, port)))
}
