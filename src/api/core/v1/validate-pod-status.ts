import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import { dns1123Label, dns1123Subdomain, qualifiedName, userId } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { unchanged } from '../../field-rules.js'
import type { Container } from './container.js'
import type { ContainerStatus } from './container-status.js'
import type { Pod, PodStatus } from './pod.js'
import { validatePodIps } from './pod-ips.js'
import type { PodSpec } from './pod-spec.js'
import { validateAnnotationChange } from './validate-pod-update.js'

const at = root.child('status')

/** The status as the kubelet writes it. */
export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const { spec, status } = pod
  const { initContainers = [], containers } = old.spec
  const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
  return [
    ...validateAnnotationChange(pod, old),
    ...validateConditions(status),
    ...validateNomination(pod, old),
    ...generation(status.observedGeneration, at),
    ...unchanged(status.qosClass ?? '', old.status.qosClass ?? '', at.child('qosClass')),
    ...validateTransitions('containerStatuses', status, old, containers),
    ...validateTransitions('initContainerStatuses', status, old, initContainers),
    ...validateTransitions('ephemeralContainerStatuses', status, old, []),
    ...validateClaims(pod),
    ...validateExtendedClaim(pod),
    ...validatePodIps(status.podIPs, old.status.podIPs, at.child('podIPs')),
    ...validateHostIps(status, old.status),
    ...lists.flatMap(list => validateUsers(status[list], spec, at.child(list))),
    ...validateDevices(status.containerStatuses, spec.containers, at.child('containerStatuses')),
    ...validateDevices(status.initContainerStatuses, spec.initContainers, at.child('initContainerStatuses')),
    ...(status.ephemeralContainerStatuses ?? []).flatMap(({ allocatedResourcesStatus }, i) =>
      allocatedResourcesStatus?.length
        ? [
            forbiddenField(
              at.child('ephemeralContainerStatuses').index(i).child('allocatedResourcesStatus'),
              'must not be specified in container status',
            ),
          ]
        : [],
    ),
  ]
}

const generation = (value: number | undefined, here: FieldPath): FieldError[] =>
  value !== undefined && value < 0
    ? [invalidValue(here.child('observedGeneration'), value, 'must be a non-negative integer')]
    : []

const validateConditions = ({ conditions = [] }: PodStatus): FieldError[] =>
  conditions.flatMap(({ type, observedGeneration }, i) => {
    const here = at.child('conditions').index(i)
    return [...generation(observedGeneration, here), ...invalidValues(here.child('Type'), type, qualifiedName(type))]
  })

/** The node that the scheduler makes room on; a pod that has a node needs none. */
function validateNomination({ status }: Pod, old: Pod): FieldError[] {
  const { nominatedNodeName: name } = status
  if (!name || name === old.status.nominatedNodeName) return []
  const here = at.child('nominatedNodeName')
  return [
    ...invalidValues(here, name, dns1123Subdomain(name)),
    ...(old.spec.nodeName ? [forbiddenField(here, 'may not be set on pods that are already bound to a node')] : []),
  ]
}

/** A container that is not to run again has ended for good. */
function validateTransitions(
  list: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses',
  status: PodStatus,
  old: Pod,
  containers: readonly Container[],
): FieldError[] {
  return (old.status[list] ?? []).flatMap(({ name, state }, i) => {
    const runs = status[list]?.some(now => now.name === name && !now.state.terminated)
    if (!state.terminated || !runs) return []
    const container = containers.find(each => each.name === name)
    return container && mayRestart(container, old.spec, state.terminated.exitCode)
      ? []
      : [forbiddenField(at.child(list).index(i).child('state'), 'may not be transitioned to non-terminated state')]
  })
}

/** Whether a container that has ended may run again: by its rules, its own policy or the pod's. */
function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  const restartsAll = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  )
  const matches = container.restartPolicyRules?.some(
    ({ exitCodes }) => exitCodes && (exitCodes.operator === 'In') === (exitCodes.values ?? []).includes(exitCode),
  )
  if (restartsAll || matches) return true
  const policy = container.restartPolicy ?? spec.restartPolicy
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function validateClaims({ spec, status }: Pod): FieldError[] {
  const { resourceClaimStatuses = [] } = status
  return resourceClaimStatuses.flatMap(({ name, resourceClaimName: claim }, i) => {
    const entry = at.child('resourceClaimStatuses').index(i)
    const here = entry.child('name')
    const errors: FieldError[] = []
    if (!spec.resourceClaims?.some(each => each.name === name))
      errors.push(invalidValue(here, name, 'must match the name of an entry in `spec.resourceClaims`'))
    if (resourceClaimStatuses.findIndex(each => each.name === name) < i) errors.push(duplicate(here, name))
    if (claim !== undefined)
      errors.push(...invalidValues(entry.child('resourceClaimName'), claim, dns1123Subdomain(claim)))
    return errors
  })
}

/** The claim made for extended resources that are devices: which request of it stands for what of which container. */
function validateExtendedClaim({ spec, status: { extendedResourceClaimStatus: claim } }: Pod): FieldError[] {
  if (!claim) return []
  const here = at.child('extendedResourceClaimStatus')
  const mappings = here.child('requestMappings')
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const errors: FieldError[] = []
  const { requestMappings, resourceClaimName: name } = claim
  if (!requestMappings?.length) errors.push(required(mappings, 'at least one request mapping is required'))
  const seen = new Set<string>()
  requestMappings?.forEach(({ containerName, resourceName, requestName }, i) => {
    const place = mappings.index(i)
    const container = containers.find(each => each.name === containerName)
    if (!container)
      errors.push(
        invalidValue(
          place.child('containerName'),
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      )
    else if (container.resources.requests?.[resourceName] === undefined)
      errors.push(
        invalidValue(
          place.child('resourceName'),
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      )
    errors.push(...invalidValues(here.child('requestName'), requestName, dns1123Label(requestName)))
    const fields = { containerName, resourceName, requestName }
    const key = JSON.stringify(fields)
    if (seen.has(key))
      for (const [field, value] of Object.entries(fields)) errors.push(duplicate(place.child(field), value))
    seen.add(key)
  })
  const claimName = here.child('resourceClaimName')
  return [...errors, ...(name ? invalidValues(claimName, name, dns1123Subdomain(name)) : [required(claimName)])]
}

function validateHostIps({ hostIP = '', hostIPs = [] }: PodStatus, old: PodStatus): FieldError[] {
  const [first] = hostIPs
  if (!first) return []
  const here = at.child('hostIPs')
  const errors = validatePodIps(hostIPs, old.hostIPs, here)
  if (first.ip !== hostIP)
    errors.unshift(invalidValue(here.index(0).child('ip'), first.ip, 'must be equal to `hostIP`'))
  return errors
}

/** Who the processes of containers run as, where there are numbers for that. */
const validateUsers = (
  statuses: readonly ContainerStatus[] | undefined,
  { os }: PodSpec,
  list: FieldPath,
): FieldError[] =>
  (statuses ?? []).flatMap(({ user }, i) => {
    if (!user?.linux) return []
    const here = list.index(i).child('user', 'linux')
    if (os?.name === 'windows') return [forbiddenField(here, 'cannot be set for a windows pod')]
    const { uid, gid, supplementalGroups = [] } = user.linux
    return [
      ...invalidValues(here.child('uid'), uid, userId(uid)),
      ...invalidValues(here.child('gid'), gid, userId(gid)),
      ...supplementalGroups.flatMap((group, j) =>
        invalidValues(here.child('supplementalGroups').index(j), group, userId(group)),
      ),
    ]
  })

const healths = ['Healthy', 'Unhealthy', 'Unknown']

/** Devices that containers were given, and how they are. */
function validateDevices(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[] | undefined,
  list: FieldPath,
): FieldError[] {
  return (statuses ?? []).flatMap(({ name: owner, allocatedResourcesStatus = [] }, i) =>
    allocatedResourcesStatus.flatMap(({ name, resources = [] }, j) => {
      const here = list.index(i).child('allocatedResourcesStatus').index(j)
      const container = containers?.find(each => each.name === owner)
      const errors = container ? validateDeviceName(container, name, here.child('name')) : []
      resources.forEach(({ resourceID, health = '' }, k) => {
        const device = here.child('resources').index(k)
        if (!healths.includes(health)) errors.push(notSupported(device.child('health'), health, healths))
        if (resources.findIndex(each => each.resourceID === resourceID) < k)
          errors.push(duplicate(device.child('resourceID'), resourceID))
      })
      return errors
    }),
  )
}

function validateDeviceName({ resources }: Container, name: string, here: FieldPath): FieldError[] {
  if (!name.startsWith('claim:'))
    return resources.requests?.[name] === undefined
      ? [invalidValue(here, name, "must match one of the container's resource requests")]
      : []
  const claims = (resources.claims ?? []).map(claim => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`)
  const form = "'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
  return claims.includes(name)
    ? []
    : [invalidValue(here, name, `must match one of the container's resource claims in a format ${form}`)]
}
