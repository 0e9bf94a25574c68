import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Label, labelValue } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { addressWarnings } from '../../address-warnings.js'
import { ofItems } from '../../list-rules.js'
import { type AnyContainer, containersOf } from './all-containers.js'
import { appArmorOf, appArmorPrefix } from './app-armor-annotations.js'
import type { ContainerPort } from './container.js'
import { keyWarnings, labelWarnings } from './node-label-warnings.js'
import type { NodeSelectorTerm } from './node-selector.js'
import type { Pod } from './pod.js'
import type { PodSpec } from './pod-spec.js'
import { fractionWarning, volumeWarnings } from './volume-warnings.js'

interface Described {
  readonly annotations?: { readonly [key: string]: string }
}

/** What of a pod (`ofPod`), or of a template, is allowed but outdated or without effect. */
export function podWarnings(
  metadata: Described | undefined,
  spec: PodSpec,
  at: FieldPath,
  metaAt: FieldPath,
  ofPod = false,
): string[] {
  const annotations = metadata?.annotations ?? none
  const annotationsAt = metaAt.child('annotations')
  const containers = containersOf(spec, at)
  return [
    ...nodeWarnings(spec, at),
    ...spreadWarnings(spec, at),
    ...(annotations === none ? [] : oldAnnotationWarnings(annotations, annotationsAt)),
    ...volumeWarnings(spec.volumes, at.child('volumes')),
    ...listWarnings(spec, at),
    ...(spec.overhead ? fractionWarnings(spec.overhead, at.child('overhead')) : []),
    ...(spec.securityContext?.seccompProfile ? [] : profileWarning(annotations, seccompPod, seccomp, annotationsAt)),
    ...ofItems(containers, ([container, here]) => [
      ...(annotations === none ? [] : profileWarnings(container, spec, annotations, ofPod, annotationsAt)),
      ...containerWarnings(container, here),
    ]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${at.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...affinityWarnings(spec, at),
    ...ipWarnings(spec, at),
  ]
}

/** Names that become those of hosts should be labels. */
export function hostNameWarnings(name: string, use: string): string[] {
  const faults = dns1123Label(name)
  return faults.length > 0
    ? [
        `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      ]
    : []
}

const none: { readonly [key: string]: string } = {}

const matchesNothing = 'a null labelSelector results in matching no pod'

const oldAnnotations: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]

const oldAnnotationWarnings = (annotations: { readonly [key: string]: string }, at: FieldPath): string[] =>
  oldAnnotations.flatMap(([key, why]) => (annotations[key] === undefined ? [] : [`${at.key(key)}: ${why}`]))

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const appArmor = 'deprecated since v1.30; use the "appArmorProfile" field instead'

const profileWarning = (annotations: object, key: string, why: string, at: FieldPath): string[] =>
  Object.hasOwn(annotations, key) ? [`${at.key(key)}: ${why}`] : []

/** Annotations for what there are fields for, unless those are set. */
function profileWarnings(
  { name, securityContext: own }: AnyContainer,
  { securityContext: shared }: PodSpec,
  annotations: { readonly [key: string]: string },
  ofPod: boolean,
  at: FieldPath,
): string[] {
  const secKey = `container.seccomp.security.alpha.kubernetes.io/${name}`
  const armorKey = appArmorPrefix + name
  const armor = appArmorOf(annotations[armorKey] ?? '')
  // Containers of pods have already been given what the annotation says.
  const profile = own?.appArmorProfile
  const isOld = ofPod ? jsonEqual(profile, armor) : !profile && !shared?.appArmorProfile
  return [
    ...(own?.seccompProfile ? [] : profileWarning(annotations, secKey, seccomp, at)),
    ...(isOld ? profileWarning(annotations, armorKey, appArmor, at) : []),
  ]
}

function nodeWarnings({ nodeSelector, affinity }: PodSpec, at: FieldPath): string[] {
  if (!nodeSelector && !affinity) return []
  const node = affinity?.nodeAffinity
  const here = at.child('affinity', 'nodeAffinity')
  const must = here.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms')
  const should = here.child('preferredDuringSchedulingIgnoredDuringExecution')
  return [
    ...Object.keys(nodeSelector ?? {})
      .sort()
      .flatMap(key => labelWarnings(key, at.child('nodeSelector').key(key))),
    ...(node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(term, false, must.index(i)),
    ),
    ...(node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ preference }, i) =>
      nodeTermWarnings(preference, true, should.index(i).child('preference')),
    ),
  ]
}

/** Values are only told about where they are not refused: in preferences. */
export function nodeTermWarnings(
  { matchExpressions = [] }: NodeSelectorTerm,
  withValues: boolean,
  at: FieldPath,
): string[] {
  return matchExpressions.flatMap(({ key, values = [] }, i) => {
    const here = at.child('matchExpressions').index(i)
    return [
      ...keyWarnings(key, here.child('key')),
      ...(withValues ? values : []).flatMap((value, j) =>
        labelValue(value).map(message => `${here.child('values').index(j)}: ${value} is invalid, ${message}`),
      ),
    ]
  })
}

const spreadWarnings = ({ topologySpreadConstraints }: PodSpec, at: FieldPath): string[] =>
  ofItems(topologySpreadConstraints, ({ topologyKey, labelSelector }, i) => {
    const here = at.child('topologySpreadConstraints').index(i)
    return [
      ...keyWarnings(topologyKey, here.child('topologyKey')),
      ...(labelSelector ? [] : [`${here.child('labelSelector')}: ${matchesNothing}`]),
    ]
  })

function listWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, at: FieldPath): string[] {
  const warnings: string[] = []
  if (hostAliases.length === 0 && imagePullSecrets.length === 0) return warnings
  hostAliases.forEach(({ ip }, i) => {
    if (hostAliases.findIndex(other => other.ip === ip) < i)
      warnings.push(`${at.child('hostAliases').index(i).child('ip')}: duplicate ip "${ip}"`)
  })
  const secret = (i: number) => at.child('imagePullSecrets').index(i).child('name')
  imagePullSecrets.forEach(({ name = '' }, i) => {
    if (imagePullSecrets.findIndex(other => (other.name ?? '') === name) < i)
      warnings.push(`${secret(i)}: duplicate name "${name}"`)
  })
  imagePullSecrets.forEach(({ name = '' }, i) => {
    if (!name) warnings.push(`${secret(i)}: invalid empty name ""`)
  })
  return warnings
}

function ipWarnings({ dnsConfig, hostAliases }: PodSpec, at: FieldPath): string[] {
  if (!dnsConfig && !hostAliases) return []
  const servers = at.child('dnsConfig', 'nameservers')
  return [
    ...(dnsConfig?.nameservers ?? []).flatMap((ip, i) => addressWarnings(ip, servers.index(i))),
    ...(hostAliases ?? []).flatMap(({ ip }, i) => addressWarnings(ip, at.child('hostAliases').index(i).child('ip'))),
  ]
}

const sizes = ['memory', 'ephemeral-storage'] as const

const fractionWarnings = (amounts: { readonly [name: string]: string }, at: FieldPath): string[] =>
  sizes.flatMap(name => fractionWarning(amounts[name], at.key(name)))

function containerWarnings({ env = [], resources }: AnyContainer, at: FieldPath): string[] {
  const warnings: string[] = []
  for (const name of sizes)
    for (const list of ['limits', 'requests'] as const) {
      const amount = resources?.[list]?.[name]
      if (amount !== undefined) warnings.push(...fractionWarning(amount, at.child('resources', list).key(name)))
    }
  if (env.length === 0) return warnings
  const names = new Set<string>()
  env.forEach(({ name, value = '', valueFrom }, i) => {
    if (names.has(name)) {
      // A value made from the one before it is meant to replace it.
      const reference = `$(${name})`
      const appends = !valueFrom && value !== reference && value.includes(reference)
      if (!appends)
        warnings.push(
          `${at.child('env').index(i)}: hides previous definition of "${name}", which may be dropped when using apply`,
        )
    }
    names.add(name)
  })
  return warnings
}

/** Ports of all containers, which share their pod's address. */
function portWarnings(containers: readonly (readonly [AnyContainer, FieldPath])[]): string[] {
  const warnings: string[] = []
  const seen = new Map<number, (readonly [ContainerPort, FieldPath])[]>()
  for (const [{ ports }, at] of containers)
    ports?.forEach((port, i) => {
      const here = at.child('ports').index(i)
      const { name = '', containerPort, protocol = '', hostPort = 0, hostIP = '' } = port
      if (hostIP && !hostPort)
        warnings.push(
          `${here}: hostIP set without hostPort: {Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
        )
      const others = seen.get(containerPort)
      for (const [other, there] of others ?? []) {
        const relation = protocol === (other.protocol ?? '') ? relationOf(port, other) : undefined
        if (relation) warnings.push(`${here}: ${relation} port definition with ${there}`)
      }
      if (others) others.push([port, here])
      else seen.set(containerPort, [[port, here]])
    })
  return warnings
}

function relationOf(a: ContainerPort, b: ContainerPort): string | undefined {
  const [portA, portB] = [a.hostPort ?? 0, b.hostPort ?? 0]
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? '']
  if (ipA === ipB && portA === portB) return 'duplicate'
  if (portA === 0 || portB === 0) return 'overlapping'
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined
}

function affinityWarnings({ affinity }: PodSpec, at: FieldPath): string[] {
  if (!affinity) return []
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap(kind => {
    const must = at.child('affinity', kind, 'requiredDuringSchedulingIgnoredDuringExecution')
    const should = at.child('affinity', kind, 'preferredDuringSchedulingIgnoredDuringExecution')
    const rules = affinity[kind]
    return [
      ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) =>
        labelSelector ? [] : [`${must.index(i).child('labelSelector')}: ${matchesNothing}`],
      ),
      ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, i) =>
        podAffinityTerm.labelSelector
          ? []
          : [`${should.index(i).child('podAffinityTerm', 'labelSelector')}: ${matchesNothing}`],
      ),
    ]
  })
}

/** What to tell whoever writes a pod's status. */
export const podStatusWarnings = ({ status: { podIPs = [], hostIPs = [] } }: Pod): string[] =>
  Object.entries({ podIPs, hostIPs }).flatMap(([list, addresses]) =>
    addresses.flatMap(({ ip = '' }, i) => addressWarnings(ip, root.child('status').child(list).index(i).child('ip'))),
  )
