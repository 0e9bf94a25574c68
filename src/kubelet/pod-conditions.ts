import type { ContainerStatus, Pod, PodCondition } from '../api/core/v1/index.js'
import { rfc3339 } from '../machinery/clock.js'
import type { ContainerStatuses } from './container-statuses.js'
import type { PodPhase } from './pod-phase.js'

/** A condition before it is compared with the one before it. */
export interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

export interface ConditionInput {
  readonly pod: Pod
  readonly statuses: ContainerStatuses
  readonly phase: PodPhase
  /** The sandbox works and has its addresses. */
  readonly sandboxReady: boolean
  /** What stood before: others' conditions are kept, transition times go on. */
  readonly old: readonly PodCondition[]
  readonly extra: readonly Finding[]
  readonly now: number
}

/** The pod's conditions (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions). */
export function podConditions(input: ConditionInput): readonly PodCondition[] {
  const { pod, old, extra, now, sandboxReady } = input
  const containers = containersReady(input)
  const findings: Finding[] = [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized(input),
    ready(pod, containers, old),
    { type: 'ContainersReady', ...containers },
    ...extra,
  ]
  if (!old.some(({ type }) => type === 'PodScheduled')) findings.push({ type: 'PodScheduled', status: 'True' })
  const mine = new Set([...findings.map(({ type }) => type), 'PodResizePending', 'PodResizeInProgress'])
  return [
    ...findings.map(finding => toCondition(finding, old, pod.metadata.generation, now)),
    ...old.filter(({ type }) => !mine.has(type)),
  ]
}

/** Keeps the transition time of a condition that says what it said before. */
function toCondition(
  { type, status, reason, message }: Finding,
  old: readonly PodCondition[],
  generation: number | undefined,
  now: number,
): PodCondition {
  const before = old.find(condition => condition.type === type)
  return {
    type,
    status,
    lastProbeTime: null,
    lastTransitionTime: (before?.status === status && before.lastTransitionTime) || rfc3339(now),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(generation ? { observedGeneration: generation } : {}),
  } as PodCondition
}

type Verdict = Omit<Finding, 'type'>

function initialized({ pod, statuses, phase }: ConditionInput): Finding {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(c => c.restartPolicy === 'Always').map(c => c.name))
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  // Once a regular container has run, initialization is over for good.
  if (statuses.regular.some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated))
    return { type, status: 'True' }
  const incomplete = statuses.init.filter(status => (sidecars.has(status.name) ? !status.started : !status.ready))
  if (incomplete.length === 0) return { type, status: 'True' }
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${names(incomplete)}`,
  }
}

function containersReady({ pod, statuses, phase }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(c => c.restartPolicy === 'Always').map(c => c.name))
  const required = [...statuses.init.filter(({ name }) => sidecars.has(name)), ...statuses.regular]
  const unready = required.filter(status => !status.ready)
  if (unready.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${names(unready)}`,
  }
}

function ready(pod: Pod, containers: Verdict, old: readonly PodCondition[]): Finding {
  const type = 'Ready'
  if (containers.status === 'False') return { type, ...containers }
  const complaints = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = old.find(candidate => candidate.type === conditionType)
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return condition.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
  })
  if (complaints.length === 0) return { type, status: 'True' }
  const message = complaints.length === 1 ? complaints[0] : `[${complaints.join(', ')}]`
  return { type, status: 'False', reason: 'ReadinessGatesNotReady', ...(message ? { message } : {}) }
}

const names = (statuses: readonly ContainerStatus[]): string => `[${statuses.map(({ name }) => name).join(' ')}]`
