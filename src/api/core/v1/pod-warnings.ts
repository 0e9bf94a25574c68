import type { FieldPath } from '../../../machinery/path.js'
import { parseQuantity } from '../../../machinery/quantity.js'
import type { Container } from './container.js'
import type { PodSpec } from './pod-spec.js'
import type { Volume } from './volume.js'

interface Described {
  readonly annotations?: { readonly [key: string]: string }
}

/** What of a pod, or of a template, is allowed but outdated or without effect. */
export function podWarnings(
  metadata: Described | undefined,
  spec: PodSpec,
  at: FieldPath,
  metaAt: FieldPath,
): string[] {
  return [
    ...annotationWarnings(metadata, metaAt),
    ...labelWarnings(spec, at),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(volume, at.child('volumes').index(i))),
    ...listWarnings(spec, at),
    ...(['initContainers', 'containers'] as const).flatMap(list =>
      (spec[list] ?? []).flatMap((container, i) => containerWarnings(container, at.child(list).index(i))),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector
        ? []
        : [`${at.child('topologySpreadConstraints').index(i).child('labelSelector')}: ${matchesNothing}`],
    ),
    ...affinityWarnings(spec, at),
  ]
}

const matchesNothing = 'a null labelSelector results in matching no pod'

function annotationWarnings(metadata: Described | undefined, at: FieldPath): string[] {
  return Object.keys(metadata?.annotations ?? {})
    .sort()
    .flatMap(key => {
      const here = at.child('annotations').key(key)
      if (key === 'scheduler.alpha.kubernetes.io/critical-pod')
        return [`${here}: non-functional in v1.16+; use the "priorityClassName" field instead`]
      if (key.startsWith('seccomp.security.alpha.kubernetes.io/') || key.startsWith('container.seccomp.security.'))
        return [`${here}: non-functional in v1.27+; use the "seccompProfile" field instead`]
      if (key.startsWith('container.apparmor.security.beta.kubernetes.io/'))
        return [`${here}: deprecated since v1.30; use the "appArmorProfile" field instead`]
      return []
    })
}

/** Labels of nodes by their old names. */
const renamedLabels: { readonly [label: string]: string } = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}

function labelWarnings({ nodeSelector, affinity, topologySpreadConstraints }: PodSpec, at: FieldPath): string[] {
  const warnings = Object.keys(nodeSelector ?? {})
    .sort()
    .flatMap(key => renamed(key, at.child('nodeSelector').key(key)))
  const node = affinity?.nodeAffinity
  const here = at.child('affinity', 'nodeAffinity')
  const must = node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  must.forEach((term, i) => {
    term.matchExpressions?.forEach(({ key }, j) => {
      warnings.push(
        ...renamed(
          key,
          here
            .child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms')
            .index(i)
            .child('matchExpressions')
            .index(j)
            .child('key'),
        ),
      )
    })
  })
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, i) => {
    preference.matchExpressions?.forEach(({ key }, j) => {
      warnings.push(
        ...renamed(
          key,
          here
            .child('preferredDuringSchedulingIgnoredDuringExecution')
            .index(i)
            .child('preference', 'matchExpressions')
            .index(j)
            .child('key'),
        ),
      )
    })
  })
  topologySpreadConstraints?.forEach(({ topologyKey }, i) => {
    warnings.push(...renamed(topologyKey, at.child('topologySpreadConstraints').index(i).child('topologyKey')))
  })
  return warnings
}

function renamed(key: string, at: FieldPath): string[] {
  const why = renamedLabels[key]
  if (why === undefined) return []
  const where = String(at)
  return [where.endsWith(']') ? `${where}: ${why}` : `${where}: ${key} is ${why}`]
}

const oldVolumes: { readonly [K in keyof Volume]?: string } = {
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}

const volumeWarnings = (volume: Volume, at: FieldPath): string[] =>
  Object.entries(oldVolumes).flatMap(([source, why]) =>
    volume[source as keyof Volume] === undefined ? [] : [`${at.child(source)}: ${why}`],
  )

function listWarnings(
  { hostAliases = [], imagePullSecrets = [], terminationGracePeriodSeconds = 0 }: PodSpec,
  at: FieldPath,
) {
  const warnings: string[] = []
  const seenSecrets = new Set<string>()
  imagePullSecrets.forEach(({ name = '' }, i) => {
    {
      const here = at.child('imagePullSecrets').index(i).child('name')
      if (!name) warnings.push(`${here}: invalid empty name ""`)
      else if (seenSecrets.has(name)) warnings.push(`${here}: duplicate name "${name}"`)
      seenSecrets.add(name)
    }
  })
  const seenAddresses = new Set<string>()
  hostAliases.forEach(({ ip }, i) => {
    if (seenAddresses.has(ip)) warnings.push(`${at.child('hostAliases').index(i).child('ip')}: duplicate ip "${ip}"`)
    seenAddresses.add(ip)
  })
  if (terminationGracePeriodSeconds < 0)
    warnings.push(
      `${at.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  return warnings
}

function containerWarnings({ env = [], ports = [], resources }: Container, at: FieldPath): string[] {
  const warnings: string[] = []
  for (const list of ['limits', 'requests'] as const)
    for (const name of ['memory', 'ephemeral-storage']) {
      const quantity = resources[list]?.[name]
      if (quantity !== undefined && parseQuantity(quantity).nanos % 1_000_000_000n !== 0n)
        warnings.push(
          `${at.child('resources', list).key(name)}: fractional byte value "${quantity}" is invalid, must be an integer`,
        )
    }
  const names = new Set<string>()
  env.forEach(({ name, value = '' }, i) => {
    // A value made from the one before it is meant to replace it.
    if (names.has(name) && !value.includes(`$(${name})`))
      warnings.push(
        `${at.child('env').index(i)}: hides previous definition of "${name}", which may be dropped when using apply`,
      )
    names.add(name)
  })
  const seen = new Map<string, FieldPath>()
  ports.forEach(({ containerPort, protocol, hostPort = 0, hostIP = '' }, i) => {
    {
      const here = at.child('ports').index(i)
      const key = `${containerPort} ${protocol} ${hostPort} ${hostIP}`
      const before = seen.get(key)
      if (before) warnings.push(`${here}: duplicate port definition with ${before}`)
      else seen.set(key, here)
    }
  })
  return warnings
}

function affinityWarnings({ affinity }: PodSpec, at: FieldPath): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap(kind => {
    const here = at.child('affinity', kind)
    const rules = affinity?.[kind]
    return [
      ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) =>
        labelSelector
          ? []
          : [
              `${here.child('requiredDuringSchedulingIgnoredDuringExecution').index(i).child('labelSelector')}: ${matchesNothing}`,
            ],
      ),
      ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, i) =>
        podAffinityTerm.labelSelector
          ? []
          : [
              `${here.child('preferredDuringSchedulingIgnoredDuringExecution').index(i).child('podAffinityTerm', 'labelSelector')}: ${matchesNothing}`,
            ],
      ),
    ]
  })
}
