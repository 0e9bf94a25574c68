import { Shown } from '../machinery/field-errors.js'
import { goJson } from '../machinery/go-format.js'
import { type AnySchema, type Field, type MessageSchema, resolve } from '../schema/index.js'

/**
 * Values as upstream shows them in messages: by its internal types, whose fields have names of their own, an order of
 * their own, and are all there. Types of apimachinery (metadata, selectors, times) keep their JSON form.
 */
export const shownInternally = <T>(schema: MessageSchema<T>, value: T): Shown =>
  new Shown(goJson(internalForm(schema, value)))

/** The plain object behind `shownInternally`. */
export function internalForm(schema: AnySchema, value: unknown): unknown {
  const resolved = resolve(schema)
  if (resolved.kind === 'list')
    return Array.isArray(value) ? value.map(item => internalForm(resolved.item, item)) : null
  if (resolved.kind === 'map') return value ? sortedEntries(value as Plain, resolved.value) : null
  if (resolved.kind !== 'message' || resolved.choice) return value
  if (resolved.name.startsWith('k8s.io.apimachinery.')) return ofMeta(value)
  const special = specials[lastPart(resolved.name)]
  const plain = (value ?? {}) as Plain
  const names = special?.order ?? Object.keys(resolved.fields)
  const shown: Record<string, unknown> = {}
  for (const name of names) {
    const field = resolved.fields[name]
    if (name === 'kind' || name === 'apiVersion') if (field?.number === 0) continue
    if (name === 'metadata' && field) Object.assign(shown, ofMeta(plain[name]) ?? {})
    else if (field?.presence === 'inline') Object.assign(shown, internalForm(field.schema, plain) as object)
    else if (field) shown[special?.names?.[name] ?? goName(name)] = shownField(field, plain[name])
  }
  return special?.complete ? special.complete(shown, plain) : shown
}

interface Plain {
  readonly [field: string]: unknown
}

function shownField(field: Field<AnySchema>, value: unknown): unknown {
  if (value !== undefined && value !== null) return internalForm(field.schema, value)
  const { kind } = resolve(field.schema)
  if (field.presence === 'pointer' || field.presence === 'nullable') return null
  switch (kind) {
    case 'message':
      return internalForm(field.schema, {})
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0
    default:
      return null
  }
}

const sortedEntries = (map: Plain, item: AnySchema): object =>
  Object.fromEntries(
    Object.entries(map)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, internalForm(item, value)]),
  )

/** As it is, but for maps, which are shown sorted. */
function ofMeta(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      name === 'labels' || name === 'annotations' || name === 'matchLabels'
        ? sortedEntries((field ?? {}) as Plain, { kind: 'string' })
        : field,
    ]),
  )
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** First words that are written in capitals, and names that follow no rule. */
const firstWords =
  /^(api|aws|cidrs?|csi|dns|fc|fs|gce|gmsa|grpc|http|id|ips?|iqn|iscsi|nfs|os|pd|rbd|se|tcp|tls|tty|uid|url|wwids)(?=[A-Z]|$)/
const properNames: { readonly [name: string]: string } = {
  cephfs: 'CephFS',
  storageos: 'StorageOS',
  fsType: 'FSType',
  seLinuxOptions: 'SELinuxOptions',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  ips: 'IPs',
  cidrs: 'CIDRs',
}

function goName(name: string): string {
  const known = properNames[name]
  if (known) return known
  const upper = name.replace(firstWords, word => word.toUpperCase())
  return upper === name ? `${name.charAt(0).toUpperCase()}${name.slice(1)}` : upper
}

interface Special {
  /** The order of the fields, where it is not that of the published type. Fields left out are not shown. */
  readonly order?: readonly string[]
  readonly names?: { readonly [name: string]: string }
  /** What the internal type has that the published one keeps elsewhere. */
  readonly complete?: (shown: Record<string, unknown>, plain: Plain) => object
}

/** A pod's namespaces of the host are part of its security context. */
const podNamespaces = ['hostNetwork', 'hostPID', 'hostIPC'] as const

const container = [
  ...['name', 'image', 'command', 'args', 'workingDir', 'ports', 'envFrom', 'env', 'resources', 'resizePolicy'],
  ...['restartPolicy', 'restartPolicyRules', 'volumeMounts', 'volumeDevices', 'livenessProbe', 'readinessProbe'],
  ...['startupProbe', 'lifecycle', 'terminationMessagePath', 'terminationMessagePolicy', 'imagePullPolicy'],
  ...['securityContext', 'stdin', 'stdinOnce', 'tty'],
]

const specials: { readonly [message: string]: Special } = {
  Container: { order: container },
  EphemeralContainerCommon: { order: container },
  PodSpec: {
    order: [
      ...['volumes', 'initContainers', 'containers', 'ephemeralContainers', 'restartPolicy'],
      ...['terminationGracePeriodSeconds', 'activeDeadlineSeconds', 'dnsPolicy', 'nodeSelector', 'serviceAccountName'],
      ...['automountServiceAccountToken', 'nodeName', 'securityContext', 'imagePullSecrets', 'hostname', 'subdomain'],
      ...['setHostnameAsFQDN', 'affinity', 'schedulerName', 'tolerations', 'hostAliases', 'priorityClassName'],
      ...['priority', 'preemptionPolicy', 'dnsConfig', 'readinessGates', 'runtimeClassName', 'overhead'],
      ...['enableServiceLinks', 'topologySpreadConstraints', 'os', 'schedulingGates', 'resourceClaims', 'resources'],
      ...['hostnameOverride', 'schedulingGroup'],
    ],
    complete: (shown, plain) => ({
      ...shown,
      SecurityContext: {
        ...Object.fromEntries(podNamespaces.map(field => [goName(field), plain[field] ?? false])),
        ShareProcessNamespace: plain['shareProcessNamespace'] ?? null,
        HostUsers: plain['hostUsers'] ?? null,
        ...(shown['SecurityContext'] as object | null),
      },
    }),
  },
  PersistentVolumeSource: {
    order: [
      ...['gcePersistentDisk', 'awsElasticBlockStore', 'hostPath', 'glusterfs', 'nfs', 'rbd', 'quobyte', 'iscsi'],
      ...['flexVolume', 'cinder', 'cephfs', 'fc', 'flocker', 'azureFile', 'vsphereVolume', 'azureDisk'],
      ...['photonPersistentDisk', 'portworxVolume', 'scaleIO', 'local', 'storageos', 'csi'],
    ],
  },
  VolumeSource: {
    order: [
      ...['hostPath', 'emptyDir', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'secret', 'nfs', 'iscsi'],
      ...['glusterfs', 'persistentVolumeClaim', 'rbd', 'quobyte', 'flexVolume', 'cinder', 'cephfs', 'flocker'],
      ...['downwardAPI', 'fc', 'azureFile', 'configMap', 'vsphereVolume', 'azureDisk', 'photonPersistentDisk'],
      ...['projected', 'portworxVolume', 'scaleIO', 'storageos', 'csi', 'ephemeral', 'image'],
    ],
  },
  PodSecurityContext: {
    order: [
      ...['seLinuxOptions', 'windowsOptions', 'runAsUser', 'runAsGroup', 'runAsNonRoot', 'supplementalGroups'],
      ...['supplementalGroupsPolicy', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'seccompProfile', 'appArmorProfile'],
      'seLinuxChangePolicy',
    ],
  },
  SecurityContext: {
    order: [
      ...['capabilities', 'privileged', 'seLinuxOptions', 'windowsOptions', 'runAsUser', 'runAsGroup', 'runAsNonRoot'],
      ...['readOnlyRootFilesystem', 'allowPrivilegeEscalation', 'procMount', 'seccompProfile', 'appArmorProfile'],
    ],
  },
}
