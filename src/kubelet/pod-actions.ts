import type { Pod, PodStatus } from '../api/core/v1/index.js'
import {
  containerHash,
  ephemeralContainers,
  initContainers,
  type PodContainer,
  regularContainers,
} from './pod-containers.js'
import { activeSandbox, type ContainerRecord, newestRecord, type PodRuntimeState } from './pod-runtime-state.js'
import { type BackOffEntry, restartDue } from './restart-back-off.js'
import { shouldRestart } from './restart-policy.js'

/** What the probes of one container say; absent while there is no verdict yet. */
export interface ProbeOutcome {
  readonly startup?: 'success' | 'failure'
  readonly liveness?: 'success' | 'failure'
  readonly readiness?: 'success' | 'failure'
}

/** A ruling on a pod from outside its containers: evicted, rejected, past its deadline. It ends the pod. */
export interface Verdict {
  readonly phase: 'Failed'
  readonly reason: string
  readonly message: string
  /** Added to the pod's conditions, e.g. `DisruptionTarget`. */
  readonly condition?: { readonly type: string; readonly reason: string; readonly message: string }
  /** Seconds that containers get to end, instead of the pod's own grace period. */
  readonly gracePeriod?: number
}

/** All that a decision about a pod rests on. */
export interface PodSituation {
  readonly pod: Pod
  /** The newest status known, which may be ahead of `pod.status`. */
  readonly status: PodStatus | undefined
  readonly observed: PodRuntimeState
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeOutcome>
  /** Ids of containers whose post-start hook has not come back. */
  readonly starting: ReadonlySet<string>
  /** By `backOffKey`. */
  readonly backOff: ReadonlyMap<string, BackOffEntry>
  readonly verdict?: Verdict | undefined
  /** Ids of containers that must restart to have the resources they are granted. */
  readonly resized?: ReadonlySet<string>
  /** Milliseconds since the epoch. */
  readonly now: number
}

export type KillCause = 'changed' | 'resized' | 'liveness' | 'startup' | 'unknown'

export interface ContainerKill {
  readonly container: PodContainer
  readonly record: ContainerRecord
  readonly cause: KillCause
}

export interface ContainerStart {
  readonly container: PodContainer
  readonly restartCount: number
  /** The incarnation before, if it ended: what the next back-off counts from. */
  readonly previous?: ContainerRecord
  /** A container created but never started (the agent died in between): to be removed first. */
  readonly discard?: string
}

/** A container that keeps ending and is left alone for a while. */
export interface CrashLoop {
  readonly container: PodContainer
  /** Milliseconds. */
  readonly delay: number
}

export type PodDecision =
  /** Nothing of the pod is to run any more. */
  | { readonly kind: 'terminate'; readonly verdict?: Verdict }
  /** Whatever is left of earlier sandboxes goes, then a new one comes. */
  | { readonly kind: 'replaceSandbox'; readonly attempt: number; readonly replaces: boolean }
  /** First the kills, then the starts in order; nothing to do if all lists are empty. */
  | {
      readonly kind: 'converge'
      readonly sandboxId: string
      readonly kills: readonly ContainerKill[]
      readonly starts: readonly ContainerStart[]
      readonly crashLoops: readonly CrashLoop[]
      /** Time alone changes the decision at this moment. */
      readonly wakeAt?: number
    }

/** Back-off belongs to a container as it is declared: a new image gets a new chance. */
export const backOffKey = ({ spec }: PodContainer): string => `${spec.name}/${containerHash(spec)}`

export const isTerminalPhase = (phase: string | undefined): phase is 'Succeeded' | 'Failed' =>
  phase === 'Succeeded' || phase === 'Failed'

/** Whether a running container is past its post-start hook and start-up probe. */
export const isStarted = (
  { spec }: PodContainer,
  record: ContainerRecord,
  { probes, starting }: Pick<PodSituation, 'probes' | 'starting'>,
): boolean =>
  record.state === 'running' &&
  !starting.has(record.id) &&
  (!spec.startupProbe || probes.get(record.id)?.startup === 'success')

/** What is to be done about a pod, seen as a whole and only from what is known now. */
export function decide(situation: PodSituation): PodDecision {
  const { pod, status, observed, verdict, now } = situation
  if (verdict) return { kind: 'terminate', verdict }
  if (pod.metadata.deletionTimestamp || isTerminalPhase(status?.phase)) return { kind: 'terminate' }
  const deadline = activeDeadline(pod, status)
  if (deadline !== undefined && deadline <= now) return { kind: 'terminate', verdict: deadlineExceeded }
  if (isFinished(pod, observed)) return { kind: 'terminate' }
  const sandbox = activeSandbox(observed)
  const ready = observed.sandboxes.filter(candidate => candidate.ready)
  if (!sandbox || ready.length > 1 || (!pod.spec.hostNetwork && sandbox.ips.length === 0)) {
    const attempt = Math.max(-1, ...observed.sandboxes.map(known => known.attempt)) + 1
    return { kind: 'replaceSandbox', attempt, replaces: observed.sandboxes.length > 0 }
  }
  return converge(situation, sandbox.id, deadline)
}

export const deadlineExceeded: Verdict = {
  phase: 'Failed',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

/** When the pod has been active for as long as it may, in milliseconds since the epoch. */
function activeDeadline(pod: Pod, status: PodStatus | undefined): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds
  return seconds === undefined || !status?.startTime ? undefined : Date.parse(status.startTime) + seconds * 1000
}

/** Killed along with its sandbox, a container leaves this exit code. */
const sigkilled = 137

/** Whether all that the pod was for has been done, well or badly, and its restart policy leaves it at that. */
function isFinished(pod: Pod, observed: PodRuntimeState): boolean {
  const regular = regularContainers(pod)
  const newest = observed.sandboxes[0]
  const begun = regular.some(({ spec }) => newestRecord(observed, spec.name, newest?.id))
  if (!begun && newest && initContainers(pod).some(container => hasFailedForGood(pod, container, observed, newest.id)))
    return true
  return regular.every(container => {
    const record = newestRecord(observed, container.spec.name)
    if (!record) return false
    if (record.state === 'exited') return !shouldRestart(pod, container, record.exitCode)
    const dying = !observed.sandboxes.some(({ id, ready }) => ready && id === record.sandboxId)
    return dying && !shouldRestart(pod, container, sigkilled)
  })
}

function hasFailedForGood(pod: Pod, container: PodContainer, observed: PodRuntimeState, sandboxId: string): boolean {
  if (container.role !== 'init') return false
  const record = newestRecord(observed, container.spec.name, sandboxId)
  return record?.state === 'exited' && record.exitCode !== 0 && !shouldRestart(pod, container, record.exitCode)
}

function converge(situation: PodSituation, sandboxId: string, deadline: number | undefined): PodDecision {
  const { pod, observed } = situation
  const plan = new Plan(situation, sandboxId)
  if (deadline !== undefined) plan.wakeAt(deadline)
  for (const container of ephemeralContainers(pod))
    if (!newestRecord(observed, container.spec.name)) plan.start(container, undefined)
  const regular = regularContainers(pod)
  const begun = regular.some(({ spec }) => newestRecord(observed, spec.name, sandboxId))
  const initialized = planInit(plan, situation, sandboxId, begun)
  if (begun || initialized)
    for (const container of regular) {
      const record = newestRecord(observed, container.spec.name, sandboxId)
      const last = record ?? newestRecord(observed, container.spec.name)
      if (record && record.state !== 'exited' && record.state !== 'created') plan.check(container, record)
      else if (record?.state === 'created' || !last || shouldRestart(pod, container, endOf(last)))
        plan.start(container, record)
    }
  return { kind: 'converge', sandboxId, ...plan.result() }
}

/** A record of an earlier sandbox that still says it runs has been killed with it. */
const endOf = (record: ContainerRecord): number => (record.state === 'exited' ? record.exitCode : sigkilled)

/**
 * Plans init containers and sidecars; answers whether the regular containers may start. Once regular containers have
 * begun in this sandbox, init containers are history and only sidecars are looked after.
 */
function planInit(plan: Plan, situation: PodSituation, sandboxId: string, begun: boolean): boolean {
  const { pod, observed } = situation
  let blocked = false
  for (const container of initContainers(pod)) {
    const record = newestRecord(observed, container.spec.name, sandboxId)
    const alive = record?.state === 'running' || record?.state === 'unknown'
    if (container.role === 'sidecar' && record && alive) {
      plan.check(container, record)
      blocked ||= !begun && !isStarted(container, record, situation)
    } else if (container.role === 'sidecar' ? !blocked : !begun && !blocked) {
      if (container.role === 'init' && record?.state === 'exited' && record.exitCode === 0) continue
      if (record && alive) plan.check(container, record)
      else plan.start(container, record)
      blocked = !begun
    }
  }
  return !blocked
}

/** Collects the steps of one decision. */
class Plan {
  readonly #kills: ContainerKill[] = []
  readonly #starts: ContainerStart[] = []
  readonly #crashLoops: CrashLoop[] = []
  #wakeAt: number | undefined

  constructor(
    readonly situation: PodSituation,
    readonly sandboxId: string,
  ) {}

  wakeAt(time: number): void {
    this.#wakeAt = Math.min(this.#wakeAt ?? time, time)
  }

  /** Looks at a container that executes. */
  check(container: PodContainer, record: ContainerRecord): void {
    const cause = killCause(container, record, this.situation)
    if (!cause) return
    this.#kills.push({ container, record, cause })
    if (cause === 'changed' || cause === 'resized') this.#push(container, record)
    if (cause !== 'liveness' && cause !== 'startup') return
    if (!shouldRestart(this.situation.pod, container, sigkilled)) return
    // It starts again at once if the incarnation before it ended long enough ago; otherwise, once it has ended, like
    // any other container that ends.
    const { containers } = this.situation.observed
    const previous = containers.find(({ name, state }) => name === record.name && state === 'exited')
    if (!previous || this.#due(container, previous) <= this.situation.now) this.#push(container, record)
  }

  /** Starts a container that does not execute, now or when its back-off is over. */
  start(container: PodContainer, record: ContainerRecord | undefined): void {
    if (record?.state === 'created') {
      this.#starts.push({ container, restartCount: record.restartCount, discard: record.id })
      return
    }
    const { observed, now } = this.situation
    const last = record ?? newestRecord(observed, container.spec.name)
    if (last) {
      const due = this.#due(container, last)
      if (due > now) {
        const delay = this.situation.backOff.get(backOffKey(container))?.delay ?? 0
        this.#crashLoops.push({ container, delay })
        this.wakeAt(due)
        return
      }
    }
    this.#push(container, last)
  }

  result() {
    return {
      kills: this.#kills,
      starts: this.#starts,
      crashLoops: this.#crashLoops,
      ...(this.#wakeAt === undefined ? {} : { wakeAt: this.#wakeAt }),
    }
  }

  #due(container: PodContainer, previous: ContainerRecord): number {
    // What could not start in a sandbox that was dying is not to blame.
    if (previous.reason === 'StartError' && previous.sandboxId !== this.sandboxId) return previous.finishedAt
    return restartDue(this.situation.backOff.get(backOffKey(container)), previous.finishedAt)
  }

  #push(container: PodContainer, previous: ContainerRecord | undefined): void {
    const restartCount = nextRestartCount(this.situation.status, container, previous)
    this.#starts.push({ container, restartCount, ...(previous ? { previous } : {}) })
  }
}

function killCause(
  { spec, role }: PodContainer,
  record: ContainerRecord,
  { probes, resized }: PodSituation,
): KillCause | undefined {
  const outcome = probes.get(record.id)
  if (record.state === 'unknown') return 'unknown'
  if (role !== 'init' && record.hash !== containerHash(spec)) return 'changed'
  if (resized?.has(record.id)) return 'resized'
  if (outcome?.liveness === 'failure') return 'liveness'
  return outcome?.startup === 'failure' ? 'startup' : undefined
}

/** Counts on from the incarnation before, or, where the runtime has forgotten it, from what the pod's status says. */
function nextRestartCount(
  status: PodStatus | undefined,
  { spec, role }: PodContainer,
  previous: ContainerRecord | undefined,
): number {
  if (previous) return previous.restartCount + 1
  const statuses = role === 'regular' ? status?.containerStatuses : status?.initContainerStatuses
  const known = statuses?.find(({ name }) => name === spec.name)
  const ran = known?.state?.running ?? known?.state?.terminated ?? known?.lastState?.terminated
  return known && ran ? known.restartCount + 1 : 0
}
