import type { PodStatus } from '../api/core/v1/index.js'
import { jsonEqual } from '../machinery/json-equal.js'

/** Fields of a pod's status that its node writes; others belong to the scheduler and to controllers. */
const fields = [
  'observedGeneration',
  'phase',
  'message',
  'reason',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
  'allocatedResources',
  'resources',
] as const satisfies readonly (keyof PodStatus)[]

const ownFields: ReadonlySet<string> = new Set(fields)

/** Lists that a strategic merge pairs by `ip` instead of replacing them. */
const addressLists: ReadonlySet<string> = new Set(['hostIPs', 'podIPs'])

/** Conditions only the node writes: those it no longer finds are removed. */
const ownConditions: ReadonlySet<string> = new Set(['PodResizePending', 'PodResizeInProgress'])

/**
 * The strategic merge that turns a pod's status from `before` into `after`, as far as it is the node's to say; undefined
 * if nothing is to be changed.
 */
export function statusPatch(before: PodStatus, after: PodStatus): { readonly [field: string]: unknown } | undefined {
  const patch: { [field: string]: unknown } = {}
  for (const field of fields) {
    const [old, wanted] = [before[field], after[field]]
    if (jsonEqual(old, wanted)) continue
    patch[field] = addressLists.has(field) ? addressPatch(old as Addresses, wanted as Addresses) : (wanted ?? null)
  }
  const conditions = conditionPatch(before.conditions ?? [], after.conditions ?? [])
  if (conditions.length) patch.conditions = conditions
  return Object.keys(patch).length ? patch : undefined
}

/** The whole status after the node has said its part: what is not the node's to say stays as it was. */
export function nodesStatus(before: PodStatus, after: PodStatus): PodStatus {
  const others = Object.entries(before).filter(([field]) => !ownFields.has(field))
  return { ...Object.fromEntries(others), ...after }
}

type Addresses = readonly { readonly ip: string }[] | undefined

const addressPatch = (old: Addresses = [], wanted: Addresses = []) => [
  ...wanted,
  ...old.filter(({ ip }) => !wanted.some(other => other.ip === ip)).map(({ ip }) => ({ ip, $patch: 'delete' })),
]

type Conditions = NonNullable<PodStatus['conditions']>
type Condition = Conditions[number]

function conditionPatch(before: Conditions, after: Conditions): readonly unknown[] {
  const changed = after.filter(condition => {
    const old = before.find(({ type }) => type === condition.type)
    return !old || !sameCondition(old, condition)
  })
  const gone = before.filter(({ type }) => ownConditions.has(type) && !after.some(other => other.type === type))
  return [
    ...changed.map(({ reason, message, ...rest }) => ({ ...rest, reason: reason ?? null, message: message ?? null })),
    ...gone.map(({ type }) => ({ type, $patch: 'delete' })),
  ]
}

const conditionFields = [
  'status',
  'reason',
  'message',
  'lastTransitionTime',
  'observedGeneration',
] as const satisfies readonly (keyof Condition)[]

/** Nobody sets the time of the last probe, but some servers write null and others leave it out. */
function sameCondition(old: Condition, condition: Condition): boolean {
  return conditionFields.every(field => old[field] === condition[field])
}
