import {
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-errors.js'
import { dns1123Subdomain, outOfRange } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { inRange, labelName, oneOf, requiredText, subdomainName } from '../../field-rules.js'
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

/** What a volume is called, and the pod that has it, where there is one. */
export interface VolumeNames {
  readonly volume: string
  readonly pod?: string | undefined
}

/** One rule for each source. */
export type Rules<Sources> = {
  readonly [K in keyof Sources]-?: (source: Sources[K], at: FieldPath, names: VolumeNames) => FieldError[]
}

const texts = <T extends object>(source: T, at: FieldPath, ...fields: (keyof T & string)[]): FieldError[] =>
  fields.flatMap(field => requiredText(source[field] as string | undefined, at.child(field)))

const items = (list: readonly unknown[] | null | undefined, at: FieldPath): FieldError[] =>
  list?.length ? [] : [required(at)]

interface SecretRef {
  readonly name?: string
  readonly namespace?: string
}

/** Where a disk's partition is out of range, the range is told as it would be without 0. */
const partition = (value: number | undefined, at: FieldPath): FieldError[] =>
  value !== undefined && (value < 0 || value > 255)
    ? [invalidValue(at.child('partition'), value, outOfRange(1, 255))]
    : []

/** `persistent`: of persistent volumes, whose secrets are in a namespace of their own. */
export function sharedRules(persistent: boolean): Rules<SharedSources> {
  const secret = (ref: SecretRef | null | undefined, at: FieldPath): FieldError[] =>
    ref ? texts(ref, at.child('secretRef'), ...(persistent ? (['name', 'namespace'] as const) : ['name' as const])) : []
  return {
    hostPath: validateHostPath,
    gcePersistentDisk: (source, at) => {
      const here = at.sibling('persistentDisk')
      return [...texts(source, here, 'pdName'), ...partition(source.partition, here)]
    },
    awsElasticBlockStore: (source, at) => [...texts(source, at, 'volumeID'), ...partition(source.partition, at)],
    nfs: (source, at) => [
      ...texts(source, at, 'server', 'path'),
      ...validateAbsolutePath(source.path ?? '', at.child('path')),
    ],
    iscsi: (source, at, { volume }) => validateIscsi(source, volume, persistent, at),
    glusterfs: (source, at) => [
      ...texts(source, at, 'endpoints', 'path'),
      ...('endpointsNamespace' in source && source.endpointsNamespace !== undefined
        ? validateEndpointsNamespace(source.endpointsNamespace, at.child('endpointsNamespace'))
        : []),
    ],
    flocker: validateFlocker,
    rbd: (source, at) => [...items(source.monitors, at.child('monitors')), ...texts(source, at, 'image')],
    cinder: (source, at) => [...texts(source, at, 'volumeID'), ...secret(source.secretRef, at)],
    cephfs: (source, at) => items(source.monitors, at.child('monitors')),
    quobyte({ registry, tenant, volume }, at) {
      const form = 'must be a host:port pair or multiple pairs separated by commas'
      const errors: FieldError[] = []
      if (!registry) errors.push(required(at.child('registry'), form))
      else if (tenant && tenant.length >= 65)
        errors.push(required(at.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'))
      else
        for (const server of registry.split(','))
          if (!/^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(server))
            errors.push(invalidValue(at.child('registry'), registry, form))
      return [...errors, ...requiredText(volume, at.child('volume'))]
    },
    fc({ targetWWNs = [], wwids = [], lun }, at) {
      const here = at.child('targetWWNs')
      const errors: FieldError[] = []
      if (targetWWNs.length === 0 && wwids.length === 0)
        errors.push(required(here, 'must specify either targetWWNs or wwids, but not both'))
      if (targetWWNs.length > 0 && wwids.length > 0)
        errors.push(invalidValue(here, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
      if (targetWWNs.length > 0)
        errors.push(
          ...(lun === undefined
            ? [required(at.child('lun'), 'lun is required if targetWWNs is specified')]
            : inRange(lun, 0, 255, at.child('lun'))),
        )
      return errors
    },
    flexVolume: (source, at) => [
      ...texts(source, at, 'driver'),
      ...Object.keys(source.options ?? {}).flatMap(key => {
        const domain = `.${key.split('/', 1)[0]?.toLowerCase()}`
        return domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')
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
      const { diskURI = '', cachingMode, kind } = source
      const errors = texts(source, at, 'diskName', 'diskURI')
      errors.push(...oneOf(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], at.child('cachingMode')))
      errors.push(...oneOf(kind, ['Dedicated', 'Managed', 'Shared'], at.child('kind')))
      const [prefix, form] = diskForms[kind === 'Managed' ? 'managed' : 'blob']
      if (kind !== undefined && !diskURI.startsWith(prefix))
        errors.push(notSupported(at.child('diskURI'), diskURI, [form]))
      return errors
    },
    scaleIO: (source, at) => texts(source, at, 'gateway', 'system', 'volumeName'),
    storageos(source, at) {
      const { volumeName = '', volumeNamespace = '' } = source
      const errors = texts(source, at, 'volumeName')
      if (volumeName) errors.push(...labelName(volumeName, at.child('volumeName')))
      if (volumeNamespace) errors.push(...labelName(volumeNamespace, at.child('volumeNamespace')))
      return [...errors, ...secret(source.secretRef, at)]
    },
    csi(source, at) {
      const errors = validateCsiDriverName(source.driver, at.child('driver'))
      // Of no name at all upstream says here that it is no domain, either.
      if (!source.driver) errors.push(...subdomainName('', at.child('driver')))
      if (!('volumeHandle' in source)) {
        const { nodePublishSecretRef: ref } = source as { readonly nodePublishSecretRef?: SecretRef }
        if (ref)
          errors.push(
            ...(ref.name
              ? subdomainName(ref.name, at.child('name'))
              : [required(at.child('nodePublishSecretRef', 'name'))]),
          )
        return errors
      }
      errors.push(...requiredText(source.volumeHandle, at.child('volumeHandle')))
      for (const field of checkedSecrets) {
        const ref = source[field]
        if (ref) errors.push(...validateSecretRef(ref, at.child(field)))
      }
      return errors
    },
  }
}

const checkedSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

const diskForms = {
  managed: [
    '/subscriptions/',
    '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
  ],
  blob: ['https://', 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'],
} as const

const validateSecretRef = ({ name, namespace }: SecretRef, at: FieldPath): FieldError[] => [
  ...(name ? subdomainName(name, at.child('name')) : [required(at.child('name'))]),
  ...(namespace ? labelName(namespace, at.child('namespace')) : [required(at.child('namespace'))]),
]

const validateEndpointsNamespace = (namespace: string, at: FieldPath): FieldError[] =>
  namespace
    ? labelName(namespace, at)
    : [invalidValue(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')]

/** `iqn.2001-04.com.example:storage`, `eui.` and 16 characters, `naa.` and 32 characters. */
const iscsiForms: { readonly [prefix: string]: RegExp } = {
  iqn: /iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[0-9A-Za-z]{16}$/,
  naa: /^naa.[0-9A-Za-z]{32}$/,
}

function validateIscsi(
  source: SharedSources['iscsi'],
  volume: string,
  persistent: boolean,
  at: FieldPath,
): FieldError[] {
  const { targetPortal = '', iqn = '', lun, initiatorName } = source
  const malformed = 'must be valid format'
  const unknown = persistent ? malformed : 'must be valid format starting with iqn, eui, or naa'
  const name = (value: string, here: FieldPath): FieldError[] => {
    const form = iscsiForms[value.slice(0, 3)]
    return form?.test(value) ? [] : [invalidValue(here, value, form ? malformed : unknown)]
  }
  const errors = requiredText(targetPortal, at.child('targetPortal'))
  const tooLong = initiatorName !== undefined && `${volume}:${targetPortal}`.length > 64
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
  if (tooLong && persistent) errors.push(invalidValue(at.child('targetportal'), targetPortal, why))
  errors.push(...(iqn ? name(iqn, at.child('iqn')) : [required(at.child('iqn'))]))
  errors.push(...inRange(lun, 0, 255, at.child('lun')))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    errors.push(required(at.child('secretRef')))
  if (persistent && source.secretRef) errors.push(...requiredText(source.secretRef.name, at.child('secretRef', 'name')))
  if (initiatorName !== undefined) errors.push(...name(initiatorName, at.child('initiatorname')))
  if (tooLong && !persistent) errors.push(invalidValue(at.sibling('name'), volume, why))
  return errors
}

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

function validateHostPath({ path, type }: HostPathVolumeSource, at: FieldPath): FieldError[] {
  if (!path) return [required(at.child('path'))]
  return [...validateNoBacksteps(path, at.child('path')), ...oneOf(type, hostPathTypes, at.child('type'))]
}

function validateFlocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!datasetName && !datasetUUID) errors.push(required(at, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID)
    errors.push(invalidValue(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  if (datasetName.includes('/')) errors.push(invalidValue(at.child('datasetName'), datasetName, "must not contain '/'"))
  return errors
}

/** The name of a CSI driver: a domain, at most 63 characters, in any case. */
export const validateCsiDriverName = (name: string, at: FieldPath): FieldError[] =>
  name
    ? [...(name.length > 63 ? [tooLong(at, 63)] : []), ...invalidValues(at, name, dns1123Subdomain(name.toLowerCase()))]
    : [required(at)]

/** Where the one too many is told about, for sources whose field is called otherwise. */
const oddNames: { readonly [source: string]: string } = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

/** A rule for volumes: exactly one source is set, and its own rule, looked up by its name, holds. */
export function oneSource<Sources extends object>(
  rules: Rules<Sources>,
): (source: { readonly [K in keyof Sources]?: Sources[K] }, names: VolumeNames, at: FieldPath) => FieldError[] {
  type Name = keyof Sources & string
  const known = Object.keys(rules) as Name[]
  const isKnown: ReadonlySet<string> = new Set(known)
  return (source, names, at) => {
    // There are many that there could be, and one that there is.
    const found: Name[] = []
    for (const name in source)
      if (isKnown.has(name) && (source[name as Name] ?? null) !== null) found.push(name as Name)
    const [only] = found
    if (only === undefined) return [required(at, 'must specify a volume type')]
    const first = found.length === 1 ? only : (known.find(name => found.includes(name)) ?? only)
    const errors = rules[first](source[first] as Sources[Name], at.child(first), names)
    if (found.length === 1) return errors
    for (const name of known)
      if (name !== first && found.includes(name))
        errors.push(forbiddenField(at.child(oddNames[name] ?? name), 'may not specify more than 1 volume type'))
    return errors
  }
}
