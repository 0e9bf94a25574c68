import { randomUUID } from 'node:crypto'
import type { Node, NodeSelector, NodeSelectorTerm } from '../../api/core/v1/index.js'
import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  ResourceClaim,
} from '../../api/resource/v1/index.js'
import type { Chosen } from './allocate.js'
import { placement } from './device-pools.js'

/** What a claim's status says of the devices chosen for it. */
export function allocationOf(claim: ResourceClaim, chosen: readonly Chosen[], node: Node): AllocationResult {
  const nodeSelector = selectorOf(chosen, node)
  const config = configurationOf(claim, chosen)
  return {
    devices: { results: chosen.map(resultOf), ...(config.length > 0 ? { config } : {}) },
    ...(nodeSelector ? { nodeSelector } : {}),
  } as AllocationResult
}

function resultOf({ alternative, pooled, share }: Chosen): DeviceRequestAllocationResult {
  const { device, pool } = pooled
  const { bindingConditions = [], bindingFailureConditions = [] } = device
  return {
    request: alternative.name,
    driver: pool.driver,
    pool: pool.name,
    device: device.name,
    ...(alternative.adminAccess ? { adminAccess: true } : {}),
    ...(alternative.tolerations.length > 0 ? { tolerations: alternative.tolerations } : {}),
    ...(bindingConditions.length > 0 ? { bindingConditions } : {}),
    ...(bindingFailureConditions.length > 0 ? { bindingFailureConditions } : {}),
    ...(share ? { shareID: randomUUID() } : {}),
    ...(share && Object.keys(share).length > 0 ? { consumedCapacity: share } : {}),
  } as DeviceRequestAllocationResult
}

/** What the classes say of their devices, and then the claim itself. */
function configurationOf({ spec }: ResourceClaim, chosen: readonly Chosen[]): DeviceAllocationConfiguration[] {
  const alternatives = new Map(chosen.map(({ alternative }) => [alternative.name, alternative]))
  const fromClasses = [...alternatives.values()].flatMap(({ name, deviceClass }) =>
    (deviceClass.spec.config ?? []).map(each => ({ source: 'FromClass', requests: [name], ...each })),
  )
  const names = new Set([...alternatives.keys()].flatMap(name => [name, name.split('/')[0] ?? '']))
  const fromClaim = (spec.devices.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some(name => names.has(name)))
    .map(each => ({ source: 'FromClaim', ...each }))
  return [...fromClasses, ...fromClaim]
}

/** The nodes that can use all of the devices; undefined if all can. */
function selectorOf(chosen: readonly Chosen[], node: Node): NodeSelector | undefined {
  const onNode: NodeSelectorTerm = {
    matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name ?? ''] }],
  }
  if (chosen.some(({ pooled }) => pooled.device.bindsToNode)) return { nodeSelectorTerms: [onNode] }
  const parts: NodeSelectorTerm[] = []
  for (const { pooled } of chosen) {
    const { nodeName, nodeSelector } = placement(pooled)
    if (nodeName) return { nodeSelectorTerms: [onNode] }
    parts.push(...(nodeSelector?.nodeSelectorTerms ?? []))
  }
  const [expressions, fields] = [
    distinct(parts.flatMap(({ matchExpressions = [] }) => matchExpressions)),
    distinct(parts.flatMap(({ matchFields = [] }) => matchFields)),
  ]
  if (expressions.length + fields.length === 0) return undefined
  const term = {
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
    ...(fields.length > 0 ? { matchFields: fields } : {}),
  }
  return { nodeSelectorTerms: [term] }
}

const distinct = <T>(items: readonly T[]): T[] => [...new Map(items.map(item => [JSON.stringify(item), item])).values()]
