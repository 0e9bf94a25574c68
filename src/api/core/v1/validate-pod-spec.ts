import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import { ipAddress } from '../../../machinery/ip-address.js'
import { dns1123Label, dns1123SubdomainWithUnderscore, outOfRange, qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities, formatQuantity } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabels } from '../../../machinery/validate-labels.js'
import { requiredOneOf, subdomainName } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { ofItems } from '../../list-rules.js'
import { podRequestQuantities } from './pod-resources.js'
import { type PodDNSConfig, PodResourceClaim, type PodSpec } from './pod-spec.js'
import { validatePodResourceName } from './resource-quantities.js'
import { validateContainers } from './validate-containers.js'
import { validateResources } from './validate-resources.js'
import { validateAffinity, validateTolerations, validateTopologySpread } from './validate-scheduling.js'
import { validateForSystem, validateHostProcess, validatePodSecurityContext } from './validate-security-context.js'
import { validateVolumes } from './validate-volumes.js'
import type { Volume } from './volume.js'

const longestDeadline = 2 ** 31 - 1
const systems = ['linux', 'windows']

/** The rules of pods and of pod templates alike. `pod` is its name where there is a pod, all defaults filled in. */
export function validatePodSpec(spec: PodSpec, at: FieldPath, pod?: string): FieldError[] {
  const volumes = new Map<string, Volume>()
  const claimNames = claimNamesOf(spec)
  const errors = [
    ...validateVolumes(spec.volumes, volumes, at.child('volumes'), pod),
    ...validateResourceClaims(spec, at.child('resourceClaims')),
    ...validateContainers({ spec, volumes, claimNames }, at),
    ...validatePodResources(spec, at.child('resources')),
    ...validateHostNetwork(spec, at, pod !== undefined),
    ...requiredOneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], at.child('restartPolicy')),
    ...requiredOneOf(
      spec.dnsPolicy,
      ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
      at.child('dnsPolicy'),
    ),
    ...validateLabels(spec.nodeSelector, at.child('nodeSelector')),
    ...validatePodSecurityContext(spec, at.child('securityContext')),
    ...validateAffinity(spec.affinity, at.child('affinity')),
    ...validateDns(spec.dnsConfig, spec.dnsPolicy, at.child('dnsConfig')),
    ...ofItems(spec.readinessGates, ({ conditionType }, i) =>
      invalidValues(
        at.child('readinessGates').index(i).child('conditionType'),
        conditionType,
        qualifiedName(conditionType),
      ),
    ),
    ...validateSchedulingGates(spec, at.child('schedulingGates')),
    ...validateTopologySpread(spec.topologySpreadConstraints, at.child('topologySpreadConstraints')),
    ...validateHostProcess(spec, at),
    ...validateHostUsers(spec, at),
  ]
  const { activeDeadlineSeconds: deadline, preemptionPolicy, hostnameOverride } = spec
  for (const field of ['serviceAccountName', 'nodeName'] as const) {
    const name = spec[field]
    if (name) errors.push(...subdomainName(name, at.child(field)))
  }
  if (deadline !== undefined && (deadline < 1 || deadline > longestDeadline))
    errors.push(invalidValue(at.child('activeDeadlineSeconds'), deadline, outOfRange(1, longestDeadline)))
  for (const field of ['hostname', 'subdomain'] as const) {
    const name = spec[field]
    if (name) errors.push(...invalidValues(at.child(field), name, dns1123Label(name)))
  }
  errors.push(...validateTolerations(spec.tolerations, at.child('tolerations')))
  spec.hostAliases?.forEach(({ ip, hostnames }, i) => {
    {
      const here = at.child('hostAliases').index(i)
      errors.push(...invalidValues(here.child('ip'), ip, ipAddress(ip)))
      hostnames?.forEach((name, j) => {
        errors.push(...subdomainName(name, here.child('hostnames').index(j)))
      })
    }
  })
  for (const field of ['priorityClassName', 'runtimeClassName'] as const) {
    const name = spec[field]
    if (name || (field === 'runtimeClassName' && name !== undefined))
      errors.push(...subdomainName(name ?? '', at.child(field)))
  }
  errors.push(
    ...(preemptionPolicy === undefined
      ? []
      : requiredOneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], at.child('preemptionPolicy'))),
  )
  if (spec.overhead) errors.push(...validateResources({ limits: spec.overhead }, new Set(), at.child('overhead')))
  if (spec.os) {
    if (!systems.includes(spec.os.name))
      errors.push(
        spec.os.name
          ? notSupported(at.child('os'), spec.os.name, systems)
          : required(at.child('os', 'name'), 'cannot be empty'),
      )
    else errors.push(...validateForSystem(spec, at))
  }
  if (hostnameOverride !== undefined) {
    const here = at.child('hostnameOverride')
    errors.push(...subdomainName(hostnameOverride, here))
    if (hostnameOverride.length > 64)
      errors.push(invalidValue(here, hostnameOverride, 'must be no more than 64 characters'))
    if (spec.setHostnameAsFQDN) errors.push(forbiddenField(here, 'cannot be set when setHostnameAsFQDN is true'))
    if (spec.hostNetwork) errors.push(forbiddenField(here, 'cannot be set when hostNetwork is true'))
  }
  return errors
}

function validateResourceClaims({ resourceClaims = [] }: PodSpec, at: FieldPath): FieldError[] {
  if (resourceClaims.length === 0) return []
  const names = new Set<string>()
  return resourceClaims.flatMap((claim, i) => {
    const here = at.index(i)
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    const errors: FieldError[] = []
    if (!name) errors.push(required(here.child('name')))
    else if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    else errors.push(...invalidValues(here.child('name'), name, dns1123Label(name)))
    names.add(name)
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalidValue(
          here,
          shownInternally(PodResourceClaim, claim),
          'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
        ),
      )
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(
        invalidValue(
          here,
          shownInternally(PodResourceClaim, claim),
          'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        ),
      )
    for (const [field, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
      if (value !== undefined) errors.push(...subdomainName(value, here.child(field)))
    return errors
  })
}

/** Resources of the whole pod: never less than its containers ask for, nor less than any of them may use. */
function validatePodResources(spec: PodSpec, at: FieldPath): FieldError[] {
  const { resources } = spec
  if (!resources) return []
  const errors: FieldError[] = []
  if (spec.os?.name === 'windows') errors.push(forbiddenField(at, 'may not be set for a windows pod'))
  if (resources.claims)
    errors.push(forbiddenField(at.child('claims'), 'claims cannot be set for Resources at pod-level'))
  errors.push(...validateResources(resources, claimNamesOf(spec), at, validatePodResourceName))
  const { resources: _whole, overhead: _overhead, ...containersOnly } = spec
  for (const [name, total] of Object.entries(podRequestQuantities({ spec: containersOnly }))) {
    const request = resources.requests?.[name] ?? '0'
    if (compareQuantities(total, request) > 0)
      errors.push(
        invalidValue(
          at.child('requests').key(name),
          request,
          `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`,
        ),
      )
  }
  spec.containers?.forEach(({ resources: own }, i) => {
    for (const [name, limit] of Object.entries(own.limits ?? {})) {
      const whole = resources.limits?.[name]
      if (whole !== undefined && compareQuantities(limit, whole) > 0)
        errors.push(
          invalidValue(
            at.child('containers').index(i).key(name).child('limits'),
            limit,
            `must be less than or equal to pod limits of ${whole}`,
          ),
        )
    }
  })
  return errors
}

const noNames: ReadonlySet<string> = new Set()

const claimNamesOf = ({ resourceClaims }: PodSpec): ReadonlySet<string> =>
  resourceClaims ? new Set(resourceClaims.flatMap(({ name }) => (name ? [name] : []))) : noNames

function validateHostNetwork({ hostNetwork, containers }: PodSpec, at: FieldPath, ofPod: boolean): FieldError[] {
  if (!hostNetwork) return []
  return (containers ?? []).flatMap(({ ports }, i) =>
    (ports ?? []).flatMap(({ hostPort = 0, containerPort }, j) =>
      hostPort === containerPort || (!hostPort && !ofPod)
        ? []
        : [
            invalidValue(
              at.child('containers').index(i).child('ports').index(j).child('hostPort'),
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ],
    ),
  )
}

const mostNameservers = 3
const mostSearches = 32
const longestSearches = 2048

function validateDns(config: PodDNSConfig | undefined, policy: string | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (policy === 'None') {
    if (!config) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (!config.nameservers?.length)
      return [required(at.child('nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  if (!config) return errors
  const { nameservers = [], searches = [], options = [] } = config
  if (nameservers.length > mostNameservers)
    errors.push(
      invalidValue(at.child('nameservers'), nameservers, `must not have more than ${mostNameservers} nameservers`),
    )
  nameservers.forEach((ip, i) => {
    errors.push(...invalidValues(at.child('nameservers').index(i), ip, ipAddress(ip)))
  })
  if (searches.length > mostSearches)
    errors.push(invalidValue(at.child('searches'), searches, `must not have more than ${mostSearches} search paths`))
  if (searches.join(' ').length > longestSearches)
    errors.push(
      invalidValue(
        at.child('searches'),
        searches,
        `must not have more than ${longestSearches} characters (including spaces) in the search list`,
      ),
    )
  searches.forEach((search, i) => {
    {
      const name = search.endsWith('.') ? search.slice(0, -1) : search
      if (search !== '.')
        errors.push(...invalidValues(at.child('searches').index(i), name, dns1123SubdomainWithUnderscore(name)))
    }
  })
  options.forEach(({ name }, i) => {
    if (!name) errors.push(required(at.child('options').index(i), 'must not be empty'))
  })
  return errors
}

function validateSchedulingGates({ schedulingGates = [] }: PodSpec, at: FieldPath): FieldError[] {
  if (schedulingGates.length === 0) return []
  const seen = new Set<string>()
  return schedulingGates.flatMap(({ name }, i) => {
    const errors = invalidValues(at.index(i), name, qualifiedName(name))
    if (seen.has(name)) errors.push(duplicate(at.index(i), name))
    seen.add(name)
    return errors
  })
}

/** Paths as upstream has them: two of its fields are named by their type. */
const hostNamespaces = { hostNetwork: 'hostNetwork', hostPID: 'HostPID', hostIPC: 'HostIPC' } as const

function validateHostUsers(spec: PodSpec, at: FieldPath): FieldError[] {
  if (spec.hostUsers !== false) return []
  return (['hostNetwork', 'hostPID', 'hostIPC'] as const).flatMap(field =>
    spec[field] ? [forbiddenField(at.child(hostNamespaces[field]), 'when `pod.Spec.HostUsers` is false')] : [],
  )
}
