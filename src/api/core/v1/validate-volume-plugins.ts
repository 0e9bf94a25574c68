import { forbiddenField, invalidValue, invalidValues, required, tooLong } from '../../../machinery/field-errors.js'
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { inRange, oneOf, requiredText } from '../../field-rules.js'
import type { PersistentVolumeSource } from './persistent-volume-source.js'
import { validateAbsolutePath, validateNoBacksteps } from './validate-paths.js'
import type { VolumeSource } from './volume.js'
import type { FlockerVolumeSource, HostPathVolumeSource } from './volume-plugins.js'

/** Rules of the sources that pods and persistent volumes share; a secret is named with its namespace in the latter. */
export type SharedSources = {
  readonly [K in keyof VolumeSource & keyof PersistentVolumeSource]: NonNullable<
    VolumeSource[K] | PersistentVolumeSource[K]
  >
}

/** One rule for each source. */
export type Rules<Sources> = { readonly [K in keyof Sources]-?: (source: Sources[K], at: FieldPath) => FieldError[] }

const texts = <T extends object>(source: T, at: FieldPath, ...fields: (keyof T & string)[]): FieldError[] =>
  fields.flatMap(field => requiredText(source[field] as string | undefined, at.child(field)))

const items = (list: readonly unknown[] | null | undefined, at: FieldPath): FieldError[] =>
  list?.length ? [] : [required(at)]

const secretName = (secret: { readonly name?: string } | null | undefined, at: FieldPath): FieldError[] =>
  secret && !secret.name ? [required(at.child('secretRef', 'name'))] : []

const partition = (value: number | undefined, at: FieldPath): FieldError[] =>
  inRange(value, 0, 255, at.child('partition'))

export const sharedRules: Rules<SharedSources> = {
  hostPath: validateHostPath,
  gcePersistentDisk: (source, at) => [...texts(source, at, 'pdName'), ...partition(source.partition, at)],
  awsElasticBlockStore: (source, at) => [...texts(source, at, 'volumeID'), ...partition(source.partition, at)],
  nfs: (source, at) => [
    ...texts(source, at, 'server', 'path'),
    ...(source.path ? validateAbsolutePath(source.path, at.child('path')) : []),
  ],
  iscsi(source, at) {
    const { iqn, lun, initiatorName } = source
    const errors = texts(source, at, 'targetPortal', 'iqn')
    const form = 'must be valid format'
    if (iqn && !/^(iqn|eui|naa)/.test(iqn))
      errors.push(invalidValue(at.child('iqn'), iqn, 'must be valid format starting with iqn, eui, or naa'))
    else if (iqn && !isIscsiName(iqn)) errors.push(invalidValue(at.child('iqn'), iqn, form))
    errors.push(...inRange(lun, 0, 255, at.child('lun')))
    if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
      errors.push(required(at.child('secretRef')))
    if (initiatorName !== undefined && !isIscsiName(initiatorName))
      errors.push(invalidValue(at.child('initiatorname'), initiatorName, form))
    return [...errors, ...secretName(source.secretRef, at)]
  },
  glusterfs: (source, at) => texts(source, at, 'endpoints', 'path'),
  flocker: validateFlocker,
  rbd: (source, at) => [...items(source.monitors, at.child('monitors')), ...texts(source, at, 'image')],
  cinder: (source, at) => [...texts(source, at, 'volumeID'), ...secretName(source.secretRef, at)],
  cephfs: (source, at) => items(source.monitors, at.child('monitors')),
  quobyte(source, at) {
    const { registry } = source
    const errors = texts(source, at, 'registry')
    const servers = registry ? registry.split(',') : []
    if (servers.some(server => !/^[^:]*:[^:]+$/.test(server)))
      errors.push(
        invalidValue(at.child('registry'), registry, 'must be a host:port pair or multiple pairs separated by commas'),
      )
    if (source.tenant && source.tenant.length >= 65)
      errors.push(required(at.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'))
    return [...errors, ...texts(source, at, 'volume')]
  },
  fc({ targetWWNs = [], wwids = [], lun }, at) {
    if (targetWWNs.length === 0 && wwids.length === 0)
      return [required(at.child('targetWWNs'), 'must specify either targetWWNs or wwids, but not both')]
    if (targetWWNs.length > 0 && wwids.length > 0)
      return [
        invalidValue(at.child('targetWWNs'), targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'),
      ]
    if (targetWWNs.length === 0) return []
    return lun === undefined
      ? [required(at.child('lun'), 'lun is required if targetWWNs is specified')]
      : inRange(lun, 0, 255, at.child('lun'))
  },
  flexVolume: (source, at) => [
    ...texts(source, at, 'driver'),
    ...Object.keys(source.options ?? {}).flatMap(key => {
      const domain = key.slice(0, Math.max(0, key.indexOf('/'))).toLowerCase()
      const reserved = ['kubernetes.io', 'k8s.io'].some(name => domain === name || domain.endsWith(`.${name}`))
      return reserved
        ? [invalidValue(at.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved')]
        : []
    }),
  ],
  azureFile: (source, at) => [
    ...texts(source, at, 'secretName', 'shareName'),
    ...('secretNamespace' in source && source.secretNamespace === '' ? [required(at.child('secretNamespace'))] : []),
  ],
  vsphereVolume: (source, at) => texts(source, at, 'volumePath'),
  photonPersistentDisk: (source, at) => texts(source, at, 'pdID'),
  portworxVolume: (source, at) => texts(source, at, 'volumeID'),
  azureDisk(source, at) {
    const { diskURI, cachingMode, kind } = source
    const errors = texts(source, at, 'diskName', 'diskURI')
    errors.push(...oneOf(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], at.child('cachingMode')))
    errors.push(...oneOf(kind, ['Dedicated', 'Managed', 'Shared'], at.child('kind')))
    const managed = kind === 'Managed'
    if (diskURI && managed && !diskURI.startsWith('/subscriptions/'))
      errors.push(
        invalidValue(
          at.child('diskURI'),
          diskURI,
          'must be of the form /subscriptions/{subscription-id}/resourceGroups/{group}/providers/Microsoft.Compute/disks/{name}',
        ),
      )
    if (diskURI && !managed && !diskURI.startsWith('https://'))
      errors.push(
        invalidValue(
          at.child('diskURI'),
          diskURI,
          'must be of the form https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
        ),
      )
    return errors
  },
  scaleIO: (source, at) => texts(source, at, 'gateway', 'system', 'volumeName'),
  storageos(source, at) {
    const { volumeName = '', volumeNamespace = '' } = source
    const errors = texts(source, at, 'volumeName')
    if (volumeName) errors.push(...invalidValues(at.child('volumeName'), volumeName, dns1123Label(volumeName)))
    if (volumeNamespace)
      errors.push(...invalidValues(at.child('volumeNamespace'), volumeNamespace, dns1123Label(volumeNamespace)))
    return [...errors, ...secretName(source.secretRef, at)]
  },
  csi(source, at) {
    const errors = validateCsiDriverName(source.driver, at.child('driver'))
    if ('volumeHandle' in source) errors.push(...requiredText(source.volumeHandle, at.child('volumeHandle')))
    for (const [field, ref] of Object.entries(source))
      if (field.endsWith('SecretRef') && typeof ref === 'object') {
        const { name, namespace } = ref as { readonly name?: string; readonly namespace?: string }
        errors.push(...requiredText(name, at.child(field, 'name')))
        if ('volumeHandle' in source) errors.push(...requiredText(namespace, at.child(field, 'namespace')))
      }
    return errors
  },
}

/** `iqn.2001-04.com.example:storage`, `eui.` and 16 digits, `naa.` and 32 digits. */
const isIscsiName = (name: string): boolean =>
  /^iqn\.\d{4}-\d{2}\.([0-9a-z-]+\.)*[0-9a-z-]+(:[0-9a-zA-Z.:_-]+)?$/.test(name) ||
  /^eui\.[0-9A-Fa-f]{16}$/.test(name) ||
  /^naa\.[0-9A-Fa-f]{32}$/.test(name)

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

export function validateHostPath({ path, type }: HostPathVolumeSource, at: FieldPath): FieldError[] {
  if (!path) return [required(at.child('path'))]
  return [...validateNoBacksteps(path, at.child('path')), ...oneOf(type, hostPathTypes, at.child('type'))]
}

function validateFlocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, at: FieldPath): FieldError[] {
  if (!datasetName && !datasetUUID) return [required(at, 'one of datasetName and datasetUUID is required')]
  if (datasetName && datasetUUID)
    return [invalidValue(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
  return datasetName.includes('/') ? [invalidValue(at.child('datasetName'), datasetName, "must not contain '/'")] : []
}

/** The name of a CSI driver: a domain, at most 63 characters, in any case. */
export function validateCsiDriverName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  const errors = name.length > 63 ? [tooLong(at, 63)] : []
  errors.push(...invalidValues(at, name, dns1123Subdomain(name.toLowerCase())))
  return errors
}

/** Exactly one source is set; rules are looked up by its name. */
export function validateOneSource<Sources extends object>(
  source: { readonly [K in keyof Sources]?: Sources[K] },
  rules: Rules<Sources>,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  let found = 0
  for (const name of Object.keys(rules) as (keyof Sources & string)[]) {
    const value = source[name]
    if (value === undefined || value === null) continue
    const here = at.child(name)
    const rule = rules[name]
    errors.push(
      ...(found++ > 0
        ? [forbiddenField(here, 'may not specify more than 1 volume type')]
        : rule(value as Sources[typeof name], here)),
    )
  }
  return found > 0 ? errors : [...errors, required(at, 'must specify a volume type')]
}
