import { invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import {
  annotationKey,
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  envVarName,
  qualifiedName,
} from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { requiredText } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import type { EnvFromSource, EnvVar, EnvVarSource } from './environment.js'
import { validateContainedPath } from './validate-paths.js'
import type { ObjectFieldSelector, ResourceFieldSelector } from './volume-projection.js'

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** Fields of a pod that files of a downward API volume may show. */
export const volumeFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** Fields of a pod that can be named at all. */
const knownFields = new Set([...envFields, ...volumeFields, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'])

export const validateEnv = (env: readonly EnvVar[] | undefined, at: FieldPath): FieldError[] =>
  ofItems(env, ({ name, value, valueFrom }, i) => {
    const here = at.index(i)
    const errors = name ? invalidValues(here.child('name'), name, envVarName(name)) : [required(here.child('name'))]
    if (valueFrom) errors.push(...validateValueFrom(valueFrom, value, here.child('valueFrom')))
    return errors
  })

function validateValueFrom(source: EnvVarSource, value: string | undefined, at: FieldPath): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  const errors: FieldError[] = []
  if (fieldRef) errors.push(...validateFieldRef(fieldRef, envFields, at.child('fieldRef')))
  if (resourceFieldRef) errors.push(...validateResourceFieldRef(resourceFieldRef, at.child('resourceFieldRef'), false))
  for (const [field, ref] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (!ref) continue
    const here = at.child(field)
    errors.push(...invalidValues(here.child('name'), ref.name ?? '', dns1123Subdomain(ref.name ?? '')))
    errors.push(
      ...(ref.key ? invalidValues(here.child('key'), ref.key, configMapKey(ref.key)) : [required(here.child('key'))]),
    )
  }
  if (fileKeyRef) {
    const { volumeName, path, key } = fileKeyRef
    const here = at.child('fileKeyRef')
    errors.push(
      ...(volumeName
        ? invalidValues(here.child('volumeName'), volumeName, dns1123Label(volumeName))
        : [required(here.child('volumeName'))]),
      ...(path ? validateContainedPath(path, here.child('path')) : [required(here.child('path'))]),
      ...(key ? invalidValues(here.child('key'), key, envVarName(key)) : [required(here.child('key'))]),
    )
  }
  const sources = Object.values(source).filter(Boolean).length
  if (sources === 0)
    errors.push(
      invalidValue(
        at,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (value) errors.push(invalidValue(at, '', 'may not be specified when `value` is not empty'))
  else if (sources > 1) errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'))
  return errors
}

/** A reference to a field of the pod itself. */
export function validateFieldRef(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
  at: FieldPath,
): FieldError[] {
  if (!apiVersion) return [required(at.child('apiVersion'))]
  if (!fieldPath) return [required(at.child('fieldPath'))]
  const unconvertible = (why: string): FieldError[] => [
    invalidValue(at.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`),
  ]
  if (apiVersion !== 'v1') return unconvertible(`unsupported pod version: ${apiVersion}`)
  const subscripted = /^([^[]+)\['(.*)'\]$/.exec(fieldPath)
  if (subscripted) {
    const [, path = '', key = ''] = subscripted
    if (path === 'metadata.annotations') return invalidValues(at, key, annotationKey(key))
    if (path === 'metadata.labels') return invalidValues(at, key, qualifiedName(key))
    return unconvertible(`field label does not support subscript: ${fieldPath}`)
  }
  const path = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath
  if (!knownFields.has(path)) return unconvertible(`field label not supported: ${fieldPath}`)
  return allowed.includes(path) ? [] : [notSupported(at.child('fieldPath'), path, allowed)]
}

const containerResourceFields = ['limits', 'requests'].flatMap(list =>
  ['cpu', 'ephemeral-storage', 'memory'].map(name => `${list}.${name}`),
)
const sizes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

/** A reference to what a container asks for; files must say of which one. */
export function validateResourceFieldRef(
  { containerName, resource, divisor }: ResourceFieldSelector,
  at: FieldPath,
  inVolume: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const hugePages = /^(limits|requests)\.hugepages-/.test(resource)
  if (inVolume && !containerName) errors.push(required(at.child('containerName')))
  else if (!resource) errors.push(required(at.child('resource')))
  else if (!containerResourceFields.includes(resource) && !hugePages)
    errors.push(notSupported(at.child('resource'), resource, containerResourceFields))
  if (compareQuantities(divisor || '0', '0') === 0) return errors
  const [, name = ''] = /^(?:limits|requests)\.(.*)$/.exec(resource) ?? []
  const unit = name.startsWith('hugepages-')
    ? 'hugepages'
    : name === 'ephemeral-storage'
      ? 'local ephemeral storage'
      : name
  if (name === 'cpu' && !['1m', '1'].includes(divisor))
    errors.push(
      invalidValue(at.child('divisor'), resource, "only divisor's values 1m and 1 are supported with the cpu resource"),
    )
  else if (name !== 'cpu' && unit && !sizes.includes(divisor))
    errors.push(
      invalidValue(
        at.child('divisor'),
        resource,
        `only divisor's values ${sizes.join(', ')} are supported with the ${unit} resource`,
      ),
    )
  return errors
}

export const validateEnvFrom = (sources: readonly EnvFromSource[] | undefined, at: FieldPath): FieldError[] =>
  ofItems(sources, ({ prefix, configMapRef, secretRef }, i) => {
    const here = at.index(i)
    const errors = prefix ? invalidValues(here.child('prefix'), prefix, envVarName(prefix)) : []
    for (const [field, ref] of Object.entries({ configMapRef, secretRef })) {
      if (!ref) continue
      const name = here.child(field, 'name')
      errors.push(...(ref.name ? invalidValues(name, ref.name, dns1123Subdomain(ref.name)) : requiredText('', name)))
    }
    if (!configMapRef && !secretRef)
      errors.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (configMapRef && secretRef)
      errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'))
    return errors
  })
