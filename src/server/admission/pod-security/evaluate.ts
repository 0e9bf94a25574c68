import { baselineChecks } from './baseline-checks.js'
import type { CheckedPod, Violation } from './pod-check.js'
import { restrictedChecks } from './restricted-checks.js'

export type Level = 'privileged' | 'baseline' | 'restricted'

/** A level as of a version of Kubernetes. */
export interface PolicyVersion {
  readonly level: Level
  /** Minor version; infinite for the latest. */
  readonly minor: number
}

export const levels: readonly Level[] = ['privileged', 'baseline', 'restricted']

/** `restricted:latest`, `baseline:v1.30`. */
export const policyText = ({ level, minor }: PolicyVersion): string =>
  `${level}:${Number.isFinite(minor) ? `v1.${minor}` : 'latest'}`

export const samePolicy = (a: PolicyVersion, b: PolicyVersion): boolean => a.level === b.level && a.minor === b.minor

/** Whether `a` asks for more than `b`. */
export const isStricter = (a: PolicyVersion, b: PolicyVersion): boolean =>
  levels.indexOf(a.level) > levels.indexOf(b.level)

/** What a policy has against a pod, in the order of the standards. */
export function evaluatePod({ level, minor }: PolicyVersion, pod: CheckedPod): Violation[] {
  if (level === 'privileged') return []
  const restricted = level === 'restricted' ? restrictedChecks.filter(({ since }) => minor >= since) : []
  const overridden = new Set(restricted.map(({ overrides }) => overrides))
  const baseline = baselineChecks.filter(({ id, since }) => minor >= since && !overridden.has(id))
  return [...baseline, ...restricted].flatMap(({ check }) => check(pod, minor) ?? [])
}

/** `privileged (container "c" must not ...), host namespaces (hostPID=true)`. */
export const violationText = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ')

/** The reasons alone, for summaries. */
export const reasonText = (violations: readonly Violation[]): string =>
  violations.map(({ reason }) => reason).join(', ')
