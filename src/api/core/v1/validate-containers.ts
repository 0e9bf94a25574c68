import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notFoundField,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-errors.js'
import { dns1123Label, portName, portNumber } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { requiredOneOf } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import type { Container, ContainerPort, EphemeralContainer } from './container.js'
import type { PodSpec } from './pod-spec.js'
import { validateEnv, validateEnvFrom } from './validate-environment.js'
import { validateMounts } from './validate-mounts.js'
import {
  validateLifecycle,
  validateLivenessProbe,
  validateReadinessProbe,
  validateStartupProbe,
} from './validate-probes.js'
import { validateResizePolicy, validateResources } from './validate-resources.js'
import { validateSecurityContext } from './validate-security-context.js'
import type { Volume } from './volume.js'

/** What containers are checked against. */
export interface ContainerSurroundings {
  readonly spec: PodSpec
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claimNames: ReadonlySet<string>
}

/** The containers of a pod, of every sort. */
export function validateContainers(surroundings: ContainerSurroundings, at: FieldPath): FieldError[] {
  const { spec } = surroundings
  const containers = spec.containers ?? []
  const names = new Set<string>()
  const here = at.child('containers')
  if (containers.length === 0) return [required(here), ...validateInitContainers(surroundings, names, at)]
  const errors: FieldError[] = []
  containers.forEach((container, i) => {
    {
      const path = here.index(i)
      errors.push(...validateContainer(container, surroundings, path))
      if (names.has(container.name)) errors.push(duplicate(path.child('name'), container.name))
      names.add(container.name)
      errors.push(...validateServing(container, spec, path))
      errors.push(...validateRestartPolicy(container, path))
    }
  })
  return [
    ...errors,
    ...validateHostPorts(containers, here),
    ...validateInitContainers(surroundings, names, at),
    ...validateEphemeralContainers(surroundings, names, at),
  ]
}

/** Hooks and probes, of containers that serve for as long as the pod lives. */
function validateServing(container: Container, spec: PodSpec, at: FieldPath): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container
  const grace = spec.terminationGracePeriodSeconds
  return [
    ...(lifecycle ? validateLifecycle(lifecycle, grace, spec.os?.name, at.child('lifecycle')) : []),
    ...validateLivenessProbe(livenessProbe, grace, at.child('livenessProbe')),
    ...validateReadinessProbe(readinessProbe, grace, at.child('readinessProbe')),
    ...validateStartupProbe(startupProbe, grace, at.child('startupProbe')),
  ]
}

function validateInitContainers(surroundings: ContainerSurroundings, names: Set<string>, at: FieldPath): FieldError[] {
  const { spec } = surroundings
  return ofItems(spec.initContainers, (container, i) => {
    const here = at.child('initContainers').index(i)
    const errors = validateContainer(container, surroundings, here)
    const { name, restartPolicy } = container
    if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    else if (name) names.add(name)
    // Init containers run one after the other: their ports only collide with themselves.
    errors.push(...validateHostPorts([container], at.child('initContainers')))
    if (restartPolicy === 'Always') errors.push(...validateServing(container, spec, here))
    else
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
        if (container[field])
          errors.push(
            forbiddenField(here.child(field), 'may not be set for init containers without restartPolicy=Always'),
          )
    // Upstream refuses this since v1.36; its words are not known.
    if (restartPolicy !== 'Always' && container.resizePolicy?.some(each => each.restartPolicy === 'RestartContainer'))
      errors.push(
        invalidValue(
          here.child('resizePolicy'),
          'RestartContainer',
          "must be 'NotRequired' for init containers without restartPolicy=Always",
        ),
      )
    return [...errors, ...validateRestartPolicy(container, here)]
  })
}

const containerRestartPolicies = ['Always', 'Never', 'OnFailure']
const mostRestartRules = 20
const mostExitCodes = 255

function validateRestartPolicy({ restartPolicy, restartPolicyRules = [] }: Container, at: FieldPath): FieldError[] {
  const policy = at.child('restartPolicy')
  const rules = at.child('restartPolicyRules')
  if (restartPolicy === undefined)
    return restartPolicyRules.length > 0
      ? [required(policy, 'must specify restartPolicy when restart rules are used')]
      : []
  const errors: FieldError[] = []
  if (!containerRestartPolicies.includes(restartPolicy))
    errors.push(notSupported(policy, restartPolicy, containerRestartPolicies))
  if (restartPolicyRules.length > mostRestartRules)
    errors.push(tooMany(rules, restartPolicyRules.length, mostRestartRules))
  restartPolicyRules.forEach(({ action = '', exitCodes }, i) => {
    {
      const here = rules.index(i)
      errors.push(...requiredOneOf(action, ['Restart', 'RestartAllContainers'], here.child('action')))
      if (!exitCodes) errors.push(required(here.child('exitCodes'), 'must be specified'))
      else {
        const { operator = '', values = [] } = exitCodes
        errors.push(...requiredOneOf(operator, ['In', 'NotIn'], here.child('exitCodes', 'operator')))
        if (values.length > mostExitCodes)
          errors.push(tooMany(here.child('exitCodes', 'values'), values.length, mostExitCodes))
      }
    }
  })
  return errors
}

const allowedInEphemeral = new Set([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'envFrom',
  'env',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
])

/** https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ */
function validateEphemeralContainers(
  surroundings: ContainerSurroundings,
  others: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const { ephemeralContainers = [] } = surroundings.spec
  if (ephemeralContainers.length === 0) return []
  const names = new Set(others)
  return ofItems(ephemeralContainers, (ephemeral: EphemeralContainer, i) => {
    const here = at.child('ephemeralContainers').index(i)
    const errors = [...validateContainer(ephemeral, surroundings, here), ...validateImagePadding(ephemeral, here)]
    const { name, targetContainerName, volumeMounts = [] } = ephemeral
    if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    names.add(name)
    if (targetContainerName && !others.has(targetContainerName))
      errors.push(notFoundField(here.child('targetContainerName'), targetContainerName))
    const refused = 'cannot be set for an Ephemeral Container'
    for (const [field, value] of Object.entries(ephemeral))
      if (!allowedInEphemeral.has(field) && !isEmpty(value)) errors.push(forbiddenField(here.child(field), refused))
    volumeMounts.forEach(({ subPath, subPathExpr }, j) => {
      for (const [field, value] of Object.entries({ subPath, subPathExpr }))
        if (value) errors.push(forbiddenField(here.child('volumeMounts').index(j).child(field), refused))
    })
    return errors
  })
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)

const messagePolicies = ['File', 'FallbackToLogsOnError']
const pullPolicies = ['Always', 'IfNotPresent', 'Never']

/** What every container must have right. */
function validateContainer(container: Container, surroundings: ContainerSurroundings, at: FieldPath): FieldError[] {
  const { spec, volumes, claimNames } = surroundings
  const { name, image, ports } = container
  return [
    ...(name ? invalidValues(at.child('name'), name, dns1123Label(name)) : [required(at.child('name'))]),
    ...(image ? [] : [required(at.child('image'))]),
    ...requiredOneOf(container.terminationMessagePolicy, messagePolicies, at.child('terminationMessagePolicy')),
    ...validatePorts(ports ?? [], at.child('ports')),
    ...validateEnv(container.env, at.child('env')),
    ...validateEnvFrom(container.envFrom, at.child('envFrom')),
    ...validateMounts(container, volumes, at),
    ...requiredOneOf(container.imagePullPolicy, pullPolicies, at.child('imagePullPolicy')),
    ...validateResources(container.resources, claimNames, at.child('resources')),
    ...validateResizePolicy(container.resizePolicy, spec.restartPolicy, at.child('resizePolicy')),
    ...validateSecurityContext(container.securityContext, spec.hostUsers !== false, at.child('securityContext')),
  ]
}

/** Pods alone mind this; templates that have it are left in peace. */
export const validateImagePadding = ({ image = '' }: { readonly image?: string }, at: FieldPath): FieldError[] =>
  image.trim() === image ? [] : [invalidValue(at.child('image'), image, 'must not have leading or trailing whitespace')]

function validatePorts(ports: readonly ContainerPort[], at: FieldPath): FieldError[] {
  if (ports.length === 0) return []
  const names = new Set<string>()
  return ofItems(ports, ({ name, containerPort, hostPort, protocol }, i) => {
    const here = at.index(i)
    const errors: FieldError[] = []
    if (name) {
      const faults = invalidValues(here.child('name'), name, portName(name))
      if (faults.length > 0) errors.push(...faults)
      else if (names.has(name)) errors.push(duplicate(here.child('name'), name))
      else names.add(name)
    }
    errors.push(
      ...(containerPort
        ? invalidValues(here.child('containerPort'), containerPort, portNumber(containerPort))
        : [required(here.child('containerPort'))]),
    )
    if (hostPort) errors.push(...invalidValues(here.child('hostPort'), hostPort, portNumber(hostPort)))
    return [...errors, ...requiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], here.child('protocol'))]
  })
}

function validateHostPorts(containers: readonly Container[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  let seen: Set<string> | undefined
  containers.forEach(({ ports }, i) => {
    ports?.forEach(({ hostPort, hostIP = '', protocol }, j) => {
      if (!hostPort) return
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (seen?.has(key)) errors.push(duplicate(at.index(i).child('ports').index(j).child('hostPort'), key))
      seen ??= new Set()
      seen.add(key)
    })
  })
  return errors
}
