import { duplicate, forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateAnnotations, validateLabelSelector, validateLabels } from '../../../machinery/validate-labels.js'
import { oneOf, requiredText } from '../../field-rules.js'
import { validateClaimSpec } from './claim-validation.js'
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './validate-environment.js'
import { validateContainedPath, validateDescendingPath } from './validate-paths.js'
import { type Rules, sharedRules, validateOneSource } from './validate-volume-plugins.js'
import type { EphemeralVolumeSource, Volume, VolumeSource } from './volume.js'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from './volume-projection.js'

/** Volumes of a pod. Names of those that are fine, which mounts may refer to, go into `known`. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  known: Map<string, Volume>,
  at: FieldPath,
): FieldError[] {
  return (volumes ?? []).flatMap((volume, i) => {
    const here = at.index(i)
    const { name } = volume
    const errors = validateOneSource<Required<VolumeSource>>(volume, volumeRules, here)
    errors.push(
      ...(name ? invalidValues(here.child('name'), name, dns1123Label(name)) : [required(here.child('name'))]),
    )
    if (known.has(name)) errors.push(duplicate(here.child('name'), name))
    if (errors.length === 0) known.set(name, volume)
    return errors
  })
}

const modeRange = 'must be a number between 0 and 0777 (octal), both inclusive'

const validateMode = (mode: number | undefined, at: FieldPath): FieldError[] =>
  mode !== undefined && (mode < 0 || mode > 0o777) ? [invalidValue(at, mode, modeRange)] : []

const validateItems = (items: readonly KeyToPath[] | undefined, at: FieldPath): FieldError[] =>
  (items ?? []).flatMap(({ key, path, mode }, i) => {
    const here = at.index(i)
    return [
      ...requiredText(key, here.child('key')),
      ...requiredText(path, here.child('path')),
      ...validateContainedPath(path, here.child('path')),
      ...validateMode(mode, here.child('mode')),
    ]
  })

const validateFiles = (files: readonly DownwardAPIVolumeFile[] | undefined, at: FieldPath): FieldError[] =>
  (files ?? []).flatMap(({ path, fieldRef, resourceFieldRef, mode }, i) => {
    const here = at.index(i)
    const errors = path ? [] : [required(here.child('path'))]
    errors.push(...validateContainedPath(path, here.child('path')))
    if (fieldRef) {
      errors.push(...validateFieldRef(fieldRef, volumeFields, here.child('fieldRef')))
      if (resourceFieldRef)
        errors.push(invalidValue(here, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (resourceFieldRef)
      errors.push(...validateResourceFieldRef(resourceFieldRef, here.child('resourceFieldRef'), true))
    else errors.push(required(here, 'one of fieldRef and resourceFieldRef is required'))
    return [...errors, ...validateMode(mode, here.child('mode'))]
  })

const pullPolicies = ['Always', 'IfNotPresent', 'Never']

const volumeRules: Rules<Required<VolumeSource>> = {
  emptyDir: ({ sizeLimit }, at) =>
    sizeLimit !== undefined && compareQuantities(sizeLimit, '0') < 0
      ? [forbiddenField(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  ...sharedRules,
  gitRepo: ({ repository, directory = '' }, at) => [
    ...requiredText(repository, at.child('repository')),
    ...validateDescendingPath(directory, at.child('directory')),
  ],
  secret: ({ secretName, defaultMode, items }, at) => [
    ...requiredText(secretName, at.child('secretName')),
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateItems(items, at.child('items')),
  ],
  persistentVolumeClaim: ({ claimName }, at) => requiredText(claimName, at.child('claimName')),
  downwardAPI: ({ defaultMode, items }, at) => [
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateFiles(items, at),
  ],
  configMap: ({ name, defaultMode, items }, at) => [
    ...requiredText(name, at.child('name')),
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateItems(items, at.child('items')),
  ],
  projected: validateProjected,
  ephemeral: validateEphemeral,
  image: ({ reference, pullPolicy }, at) => [
    ...requiredText(reference, at.child('reference')),
    ...oneOf(pullPolicy, pullPolicies, at.child('pullPolicy')),
  ],
}

/** Seconds a projected token lives at least and at most. */
const shortestToken = 600
const longestToken = 2 ** 32

function validateProjected({ sources, defaultMode }: ProjectedVolumeSource, at: FieldPath): FieldError[] {
  const errors = validateMode(defaultMode, at.child('defaultMode'))
  const paths = new Set<string>()
  sources?.forEach((source, i) => {
    {
      const here = at.child('sources').index(i)
      errors.push(...validateProjection(source, here))
      for (const path of pathsOf(source)) {
        if (paths.has(path)) errors.push(invalidValue(here, path, 'conflicting duplicate paths'))
        paths.add(path)
      }
    }
  })
  return errors
}

/** Where the files of a projection go. */
const pathsOf = ({ secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle }: VolumeProjection) =>
  [
    ...(secret?.items ?? []),
    ...(configMap?.items ?? []),
    ...(downwardAPI?.items ?? []),
    ...(serviceAccountToken ? [serviceAccountToken] : []),
    ...(clusterTrustBundle ? [clusterTrustBundle] : []),
  ].flatMap(({ path }) => (path ? [path] : []))

function validateProjection(source: VolumeProjection, at: FieldPath): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source
  const errors: FieldError[] = []
  let found = 0
  const check = (name: string, set: unknown, rule: (here: FieldPath) => FieldError[]): void => {
    if (!set) return
    const here = at.child(name)
    errors.push(
      ...(found++ > 0 ? [forbiddenField(here, 'may not specify more than 1 volume type per source')] : rule(here)),
    )
  }
  check('secret', secret, here => [
    ...requiredText(secret?.name, here.child('name')),
    ...validateItems(secret?.items, here.child('items')),
  ])
  check('configMap', configMap, here => [
    ...requiredText(configMap?.name, here.child('name')),
    ...validateItems(configMap?.items, here.child('items')),
  ])
  check('downwardAPI', downwardAPI, here => validateFiles(downwardAPI?.items, here))
  if (serviceAccountToken) check('serviceAccountToken', true, here => validateToken(serviceAccountToken, here))
  if (clusterTrustBundle) check('clusterTrustBundle', true, here => validateTrustBundle(clusterTrustBundle, here))
  if (podCertificate) check('podCertificate', true, here => validateCertificate(podCertificate, here))
  return errors
}

function validateToken({ expirationSeconds = 3600, path }: ServiceAccountTokenProjection, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const seconds = at.child('expirationSeconds')
  if (expirationSeconds < shortestToken)
    errors.push(invalidValue(seconds, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  if (expirationSeconds > longestToken)
    errors.push(invalidValue(seconds, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  return [...errors, ...(path ? validateContainedPath(path, at.child('path')) : [required(at.child('path'))])]
}

function validateTrustBundle(
  { name, signerName, labelSelector, path }: NonNullable<VolumeProjection['clusterTrustBundle']>,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (name !== undefined && signerName !== undefined)
    errors.push(invalidValue(at, null, 'only one of name and signerName may be used'))
  if (name !== undefined) {
    errors.push(
      ...(name ? invalidValues(at.child('name'), name, dns1123Subdomain(name)) : [required(at.child('name'))]),
    )
    if (labelSelector)
      errors.push(
        invalidValue(at.child('labelSelector'), labelSelector, 'labelSelector must be unset if name is specified'),
      )
  } else if (signerName !== undefined) {
    if (!signerName) errors.push(required(at.child('signerName'), 'signerName must not be empty'))
    errors.push(...validateLabelSelector(labelSelector, at.child('labelSelector')))
  } else errors.push(required(at, 'either name or signerName must be specified'))
  return [...errors, ...(path ? validateContainedPath(path, at.child('path')) : [required(at.child('path'))])]
}

const keyTypes = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096']

function validateCertificate(source: NonNullable<VolumeProjection['podCertificate']>, at: FieldPath): FieldError[] {
  const { signerName, keyType, maxExpirationSeconds, credentialBundlePath, keyPath, certificateChainPath } = source
  const errors = requiredText(signerName, at.child('signerName'))
  errors.push(...oneOf(keyType ?? '', keyTypes, at.child('keyType')))
  if (maxExpirationSeconds !== undefined && (maxExpirationSeconds < 3600 || maxExpirationSeconds > 7_862_400))
    errors.push(
      invalidValue(at.child('maxExpirationSeconds'), maxExpirationSeconds, 'must be in the range [3600, 7862400]'),
    )
  const paths = { credentialBundlePath, keyPath, certificateChainPath }
  for (const [field, path] of Object.entries(paths))
    if (path) errors.push(...validateContainedPath(path, at.child(field)))
  if (!credentialBundlePath && !keyPath && !certificateChainPath)
    errors.push(required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'))
  return errors
}

function validateEphemeral({ volumeClaimTemplate }: EphemeralVolumeSource, at: FieldPath): FieldError[] {
  const here = at.child('volumeClaimTemplate')
  if (!volumeClaimTemplate) return [required(here)]
  const { metadata, spec } = volumeClaimTemplate
  const errors = [
    ...validateLabels(metadata.labels, here.child('metadata', 'labels')),
    ...validateAnnotations(metadata.annotations, here.child('metadata', 'annotations')),
  ]
  for (const field of Object.keys(metadata).sort())
    if (field !== 'labels' && field !== 'annotations')
      errors.push(forbiddenField(here.child('metadata', field), 'cannot be set for an ephemeral volume'))
  return [...errors, ...validateClaimSpec(spec, here.child('spec'))]
}
