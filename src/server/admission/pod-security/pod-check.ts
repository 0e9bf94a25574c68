import type {
  Container,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  SecurityContext,
} from '../../../api/core/v1/index.js'

/** A pod, or what pods are made from. */
export interface CheckedPod {
  readonly annotations: { readonly [name: string]: string }
  readonly spec: PodSpec
}

/** What a check has against a pod: in a word, and exactly. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** One rule of the Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export interface PodCheck {
  readonly id: string
  readonly level: 'baseline' | 'restricted'
  /** The minor version of Kubernetes whose standards have it first. */
  readonly since: number
  /** The check of a lower level that it makes needless. */
  readonly overrides?: string
  readonly check: (pod: CheckedPod, minor: number) => Violation | undefined
}

type AnyContainer = Container | EphemeralContainer

/** All containers of a pod, in the order of their starting. */
const containersOf = ({ spec }: CheckedPod): readonly AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

export const isWindows = ({ spec }: CheckedPod): boolean => spec.os?.name === 'windows'

const quoted = (values: Iterable<string>): string => [...values].map(value => JSON.stringify(value)).join(', ')

export const sortedQuoted = (values: Iterable<string>): string => quoted([...new Set(values)].sort())

/** `container "a"`, `containers "a", "b"`. */
export const named = (what: string, names: readonly string[]): string =>
  `${what}${names.length === 1 ? '' : 's'} ${quoted(names)}`

/** The names of containers for which something holds. */
export const namesWhere = (pod: CheckedPod, holds: (container: AnyContainer) => boolean): readonly string[] =>
  containersOf(pod)
    .filter(holds)
    .map(({ name }) => name)

/** Finds what the pod's own security context and those of its containers have set that they must not. */
export function forbiddenSettings<V>(
  pod: CheckedPod,
  value: (context: PodSecurityContext | SecurityContext) => V | undefined,
  isForbidden: (value: V) => boolean,
): { readonly setters: string; readonly values: readonly V[] } | undefined {
  const values: V[] = []
  const holds = (context: PodSecurityContext | SecurityContext | undefined): boolean => {
    const found = context && value(context)
    if (found === undefined || !isForbidden(found)) return false
    values.push(found)
    return true
  }
  const ofPod = holds(pod.spec.securityContext)
  const containers = namesWhere(pod, ({ securityContext }) => holds(securityContext))
  if (values.length === 0) return undefined
  const setters = [...(ofPod ? ['pod'] : []), ...(containers.length > 0 ? [named('container', containers)] : [])]
  return { setters: setters.join(' and '), values }
}

/** A violation of containers that have set what they must not. */
export const containersViolate = (
  reason: string,
  containers: readonly string[],
  rule: string,
): Violation | undefined =>
  containers.length > 0 ? { reason, detail: `${named('container', containers)} ${rule}` } : undefined
