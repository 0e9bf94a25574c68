import { duplicate, forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { goQuote } from '../../../machinery/go-format.js'
import type { ObjectMeta } from '../../../machinery/meta/index.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateAnnotations, validateLabelSelector, validateLabels } from '../../../machinery/validate-labels.js'
import { labelName, oneOf, requiredText } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import { validateClaimSpec } from './claim-validation.js'
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './validate-environment.js'
import { validateContainedPath, validateDescendingPath } from './validate-paths.js'
import { oneSource, type Rules, sharedRules, type VolumeNames } from './validate-volume-plugins.js'
import type { EphemeralVolumeSource, Volume, VolumeSource } from './volume.js'
import type {
  ConfigMapProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  SecretProjection,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from './volume-projection.js'

/**
 * Volumes of a pod. Those that are fine, which mounts may refer to, go into `known`. `pod` is its name, where there is a
 * pod yet.
 */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  known: Map<string, Volume>,
  at: FieldPath,
  pod?: string,
): FieldError[] {
  /** Whether a claim is made for one of the volumes. */
  const isMade = (claim: string): boolean =>
    volumes?.some(({ name, ephemeral }) => pod && ephemeral && `${pod}-${name}` === claim) ?? false
  return ofItems(volumes, (volume, i) => {
    const here = at.index(i)
    const { name, persistentVolumeClaim: claim } = volume
    const errors = validateSource(volume, { volume: name, pod }, here)
    errors.push(...(name ? labelName(name, here.child('name')) : [required(here.child('name'))]))
    if (known.has(name)) errors.push(duplicate(here.child('name'), name))
    if (errors.length === 0) known.set(name, volume)
    if (claim && isMade(claim.claimName))
      errors.push(
        invalidValue(
          here.child('persistentVolumeClaim', 'claimName'),
          claim.claimName,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      )
    return errors
  })
}

const modeRange = 'must be a number between 0 and 0777 (octal), both inclusive'

const validateMode = (mode: number | undefined, at: FieldPath): FieldError[] =>
  mode !== undefined && (mode < 0 || mode > 0o777) ? [invalidValue(at, mode, modeRange)] : []

const validateItems = (items: readonly KeyToPath[] | undefined, at: FieldPath): FieldError[] =>
  ofItems(items, ({ key, path, mode }, i) => {
    const here = at.index(i)
    return [
      ...requiredText(key, here.child('key')),
      ...requiredText(path, here.child('path')),
      ...validateContainedPath(path, here.child('path')),
      ...validateMode(mode, here.child('mode')),
    ]
  })

const validateFiles = (files: readonly DownwardAPIVolumeFile[] | undefined, at: FieldPath): FieldError[] =>
  ofItems(files, ({ path, fieldRef, resourceFieldRef, mode }) => {
    // The errors do not tell which of the files they are about.
    const here = at
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

const shared = sharedRules(false)

/** In the order in which upstream looks for them: of two sources the later one is too many. */
const rules: Rules<Required<VolumeSource>> = {
  emptyDir: ({ sizeLimit }, at) =>
    sizeLimit !== undefined && compareQuantities(sizeLimit, '0') < 0
      ? [forbiddenField(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: shared.hostPath,
  gitRepo: ({ repository, directory = '' }, at) => [
    ...requiredText(repository, at.child('repository')),
    ...validateDescendingPath(directory, at.child('directory')),
  ],
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  secret: ({ secretName, defaultMode, items }, at) => [
    ...requiredText(secretName, at.child('secretName')),
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateItems(items, at.child('items')),
  ],
  nfs: shared.nfs,
  iscsi: shared.iscsi,
  glusterfs: shared.glusterfs,
  flocker: shared.flocker,
  persistentVolumeClaim: ({ claimName }, at) => requiredText(claimName, at.child('claimName')),
  rbd: shared.rbd,
  cinder: shared.cinder,
  cephfs: shared.cephfs,
  quobyte: shared.quobyte,
  downwardAPI: ({ defaultMode, items }, at) => [
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateFiles(items, at),
  ],
  fc: shared.fc,
  flexVolume: shared.flexVolume,
  configMap: ({ name, defaultMode, items }, at) => [
    ...requiredText(name, at.child('name')),
    ...validateMode(defaultMode, at.child('defaultMode')),
    ...validateItems(items, at.child('items')),
  ],
  azureFile: shared.azureFile,
  vsphereVolume: shared.vsphereVolume,
  photonPersistentDisk: shared.photonPersistentDisk,
  portworxVolume: shared.portworxVolume,
  azureDisk: shared.azureDisk,
  storageos: shared.storageos,
  projected: validateProjected,
  scaleIO: shared.scaleIO,
  csi: shared.csi,
  ephemeral: validateEphemeral,
  image: ({ reference, pullPolicy }, at, { pod }) => [
    // Templates may leave it to whoever fills them in.
    ...(pod === undefined ? [] : requiredText(reference, at.child('reference'))),
    ...oneOf(pullPolicy, pullPolicies, at.child('pullPolicy')),
  ],
}

const validateSource = oneSource(rules)

/** Seconds a projected token lives at least and at most. */
const shortestToken = 600
const longestToken = 2 ** 32

function validateProjected({ sources, defaultMode }: ProjectedVolumeSource, at: FieldPath): FieldError[] {
  const errors = validateMode(defaultMode, at.child('defaultMode'))
  const paths = new Set<string>()
  sources?.forEach((source, i) => {
    errors.push(...validateProjection(source, paths, at.child('sources').index(i), at))
  })
  return errors
}

/** `paths` are those that files of the volume already have; `volume` is where the path of the whole is. */
function validateProjection(
  source: VolumeProjection,
  paths: Set<string>,
  at: FieldPath,
  volume: FieldPath,
): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source
  const errors: FieldError[] = []
  const take = (path: string | undefined, shown = path): void => {
    if (!path) return
    if (paths.has(path)) errors.push(invalidValue(volume, shown, 'conflicting duplicate paths'))
    paths.add(path)
  }
  const takeKeys = ({ name, items }: ConfigMapProjection | SecretProjection, here: FieldPath): void => {
    errors.push(...requiredText(name, here.child('name')), ...validateItems(items, here.child('items')))
    for (const { path } of items ?? []) take(path, name ?? '')
  }
  if (secret) takeKeys(secret, at.child('secret'))
  if (configMap) takeKeys(configMap, at.child('configMap'))
  if (downwardAPI) {
    errors.push(...validateFiles(downwardAPI.items, at.child('downwardAPI')))
    for (const { path } of downwardAPI.items ?? []) take(path)
  }
  if (serviceAccountToken) errors.push(...validateToken(serviceAccountToken, at.child('serviceAccountToken'), volume))
  if (clusterTrustBundle) {
    errors.push(...validateTrustBundle(clusterTrustBundle, at.child('clusterTrustBundle')))
    take(clusterTrustBundle.path)
  }
  if (podCertificate) {
    errors.push(...validateCertificate(podCertificate, at.child('podCertificate')))
    for (const field of certificatePaths) take(podCertificate[field])
  }
  let sources = 0
  for (const name in source) if (source[name as keyof VolumeProjection]) sources++
  if (sources > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
  return errors
}

const certificatePaths = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const

/** Its path is told about as if it were the volume's. */
function validateToken(
  { expirationSeconds = 3600, path }: ServiceAccountTokenProjection,
  at: FieldPath,
  volume: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const seconds = at.child('expirationSeconds')
  if (expirationSeconds < shortestToken)
    errors.push(invalidValue(seconds, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  if (expirationSeconds > longestToken)
    errors.push(invalidValue(seconds, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  const here = volume.child('path')
  return [...errors, ...(path ? validateContainedPath(path, here) : [required(here)])]
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
  const { signerName, keyType, maxExpirationSeconds } = source
  const errors = requiredText(signerName, at.child('signerName'))
  errors.push(...oneOf(keyType ?? '', keyTypes, at.child('keyType')))
  if (maxExpirationSeconds !== undefined && (maxExpirationSeconds < 3600 || maxExpirationSeconds > 7_862_400))
    errors.push(
      invalidValue(at.child('maxExpirationSeconds'), maxExpirationSeconds, 'must be in the range [3600, 7862400]'),
    )
  for (const field of certificatePaths) {
    const path = source[field]
    if (path) errors.push(...validateContainedPath(path, at.child(field)))
  }
  if (certificatePaths.every(field => !source[field]))
    errors.push(required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'))
  return errors
}

function validateEphemeral(
  { volumeClaimTemplate }: EphemeralVolumeSource,
  at: FieldPath,
  { volume, pod }: VolumeNames,
): FieldError[] {
  const here = at.child('volumeClaimTemplate')
  const errors: FieldError[] = []
  if (volumeClaimTemplate) {
    const { metadata, spec } = volumeClaimTemplate
    errors.push(
      ...validateTemplateMetadata(metadata, here.child('metadata')),
      ...validateClaimSpec(spec, here.child('spec')),
    )
  } else errors.push(required(here))
  const claim = `${pod}-${volume}`
  if (pod && volume)
    for (const message of dns1123Subdomain(claim))
      errors.push(invalidValue(at.sibling('name'), volume, `PVC name ${goQuote(claim)}: ${message}`))
  return errors
}

/** Metadata that objects made by a template get: labels and annotations alone. */
export const validateTemplateMetadata = (metadata: ObjectMeta, at: FieldPath): FieldError[] => [
  ...validateAnnotations(metadata.annotations, at.child('annotations')),
  ...validateLabels(metadata.labels, at.child('labels')),
  ...Object.keys(metadata).flatMap(field =>
    field === 'labels' || field === 'annotations' ? [] : [forbiddenField(at.child(field), 'cannot be set')],
  ),
]
