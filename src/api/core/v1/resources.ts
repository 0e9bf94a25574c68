import { dns1035Label, dns1123Label, pathSegmentName } from '../../../machinery/names.js'
import type { ApiObject } from '../../../machinery/object.js'
import { copyField, type Resource, resource, type Strategy, statusView } from '../../../machinery/resource.js'
import { TokenRequest } from '../../authentication/v1/index.js'
import { ageColumn, ageOf, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { ConfigMap } from './config-map.js'
import { Endpoints } from './endpoints.js'
import { Event } from './event.js'
import { Namespace } from './namespace.js'
import { Node } from './node.js'
import { pods } from './pods.js'
import { Secret } from './secret.js'
import { Service } from './service.js'
import { ServiceAccount } from './service-account.js'

const none = '<none>'

/** `status` is set by its own subresource alone. */
export const statusApart: Pick<Strategy<ApiObject>, 'prepareForCreate' | 'prepareForUpdate'> = {
  prepareForCreate(draft) {
    ;(draft as { status?: object }).status = {}
  },
  prepareForUpdate: (draft, old) => copyField(draft as unknown as Record<string, unknown>, old, 'status'),
}

const namespaces: Resource<Namespace> = resource(Namespace, {
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  columns: [nameColumn, textColumn('Status', ({ status }) => status.phase ?? ''), ageColumn],
  selectableFields: { 'status.phase': ({ status }) => status.phase ?? '' },
  subresources: [
    {
      type: 'view',
      name: 'finalize',
      verbs: ['update'],
      prepareForUpdate: (draft, old) => copyField(draft as unknown as Record<string, unknown>, old, 'status'),
    },
    statusView(),
  ],
  defaults(draft) {
    if (draft.metadata.name)
      draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name }
  },
  strategy: {
    nameErrors: dns1123Label,
    prepareForCreate(draft) {
      draft.status = { phase: 'Active' }
      if (!draft.spec.finalizers?.includes('kubernetes'))
        draft.spec.finalizers = [...(draft.spec.finalizers ?? []), 'kubernetes']
    },
    prepareForUpdate(draft, old) {
      copyField(draft as unknown as Record<string, unknown>, old, 'status')
      copyField(draft as unknown as Record<string, unknown>, old, 'spec')
    },
    specFinalizers: ({ spec }) => spec.finalizers ?? [],
    markDeleted(draft) {
      draft.status.phase = 'Terminating'
    },
  },
})

const nodes: Resource<Node> = resource(Node, {
  storagePrefix: 'minions',
  shortNames: ['no'],
  columns: [
    nameColumn,
    textColumn('Status', nodeStatusText),
    textColumn('Roles', nodeRolesText),
    ageColumn,
    textColumn('Version', ({ status }) => status.nodeInfo?.kubeletVersion ?? ''),
    textColumn('Internal-IP', node => addressOf(node, 'InternalIP'), 1),
    textColumn('External-IP', node => addressOf(node, 'ExternalIP'), 1),
    textColumn('OS-Image', ({ status }) => status.nodeInfo?.osImage || '<unknown>', 1),
    textColumn('Kernel-Version', ({ status }) => status.nodeInfo?.kernelVersion || '<unknown>', 1),
    textColumn('Container-Runtime', ({ status }) => status.nodeInfo?.containerRuntimeVersion || '<unknown>', 1),
  ],
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  subresources: [
    {
      type: 'connect',
      name: 'proxy',
      gvk: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusView(),
  ],
  strategy: {
    prepareForUpdate: (draft, old) => copyField(draft as unknown as Record<string, unknown>, old, 'status'),
  },
})

function nodeStatusText({ status, spec }: Node): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function nodeRolesText({ metadata }: Node): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) =>
    key.startsWith(prefix) && key.length > prefix.length
      ? [key.slice(prefix.length)]
      : key === 'kubernetes.io/role' && value
        ? [value]
        : [],
  )
  return roles.length > 0 ? [...new Set(roles)].sort().join(',') : none
}

const addressOf = ({ status }: Node, wanted: string): string =>
  status.addresses?.find(({ type }) => type === wanted)?.address ?? none

const services: Resource<Service> = resource(Service, {
  storagePrefix: 'services/specs',
  shortNames: ['svc'],
  categories: ['all'],
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('Type', ({ spec }) => spec.type ?? ''),
    textColumn('Cluster-IP', ({ spec }) => spec.clusterIP || none),
    textColumn('External-IP', externalAddressText),
    textColumn('Port(s)', servicePortsText),
    ageColumn,
    textColumn('Selector', ({ spec }) => labelsText(spec.selector), 1),
  ],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  subresources: [
    {
      type: 'connect',
      name: 'proxy',
      gvk: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusView(),
  ],
  defaults({ spec }) {
    spec.type ||= 'ClusterIP'
    spec.sessionAffinity ||= 'None'
    if (spec.sessionAffinity === 'ClientIP') {
      spec.sessionAffinityConfig ??= {}
      spec.sessionAffinityConfig.clientIP ??= {}
      spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= 10_800
    } else delete spec.sessionAffinityConfig
    for (const port of spec.ports ?? []) {
      port.protocol ||= 'TCP'
      if (port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
    }
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ||= 'Cluster'
    else delete spec.externalTrafficPolicy
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
    else delete spec.allocateLoadBalancerNodePorts
  },
  strategy: {
    nameErrors: dns1035Label,
    prepareForCreate(draft) {
      draft.status = { loadBalancer: {} }
    },
    prepareForUpdate(draft, old) {
      copyField(draft as unknown as Record<string, unknown>, old, 'status')
      // A replacement that does not know the address keeps it.
      if (draft.spec.type !== 'ExternalName' && !draft.spec.clusterIP && old.spec.clusterIP) {
        draft.spec.clusterIP = old.spec.clusterIP
        draft.spec.clusterIPs = [...(old.spec.clusterIPs ?? [old.spec.clusterIP])]
      }
    },
  },
})

function externalAddressText({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? none
  const ingress = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  const all = spec.type === 'LoadBalancer' ? [...ingress, ...(spec.externalIPs ?? [])] : (spec.externalIPs ?? [])
  if (all.length > 0) return all.join(',')
  return spec.type === 'LoadBalancer' ? '<pending>' : none
}

function servicePortsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.length > 0 ? ports.join(',') : none
}

const labelsText = (labels: { readonly [key: string]: string } | undefined): string =>
  labels && Object.keys(labels).length > 0
    ? Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(',')
    : none

const endpoints: Resource<Endpoints> = resource(Endpoints, {
  storagePrefix: 'services/endpoints',
  shortNames: ['ep'],
  columns: [nameColumn, textColumn('Endpoints', endpointsText), ageColumn],
  strategy: { createOnUpdate: true },
})

/** Addresses a row shows before it says how many more there are. */
const shownEndpoints = 3

function endpointsText({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses, ports }) =>
    (addresses ?? []).flatMap(({ ip }) => (ports?.length ? ports.map(({ port }) => `${ip}:${port}`) : [ip])),
  )
  if (all.length === 0) return none
  const more = all.length - shownEndpoints
  return all.slice(0, shownEndpoints).join(',') + (more > 0 ? ` + ${more} more...` : '')
}

const configMaps: Resource<ConfigMap> = resource(ConfigMap, {
  shortNames: ['cm'],
  columns: [
    nameColumn,
    numberColumn(
      'Data',
      ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    ),
    ageColumn,
  ],
})

const secrets: Resource<Secret> = resource(Secret, {
  columns: [
    nameColumn,
    textColumn('Type', ({ type }) => type ?? ''),
    numberColumn('Data', ({ data }) => Object.keys(data ?? {}).length),
    ageColumn,
  ],
  selectableFields: { type: ({ type }) => type ?? '' },
  defaults(draft) {
    draft.type ||= 'Opaque'
    if (draft.stringData) {
      draft.data = { ...draft.data }
      for (const [key, value] of Object.entries(draft.stringData))
        draft.data[key] = Buffer.from(value).toString('base64')
      delete draft.stringData
    }
  },
})

const serviceAccounts: Resource<ServiceAccount> = resource(ServiceAccount, {
  shortNames: ['sa'],
  columns: [nameColumn, numberColumn('Secrets', ({ secrets }) => secrets?.length ?? 0), ageColumn],
  deleteAnswersObject: true,
  subresources: [{ type: 'action', name: 'token', kind: TokenRequest, verbs: ['create'] }],
})

const events: Resource<Event> = resource(Event, {
  shortNames: ['ev'],
  columns: [
    textColumn('Last Seen', (event, now) =>
      ageOf(event.lastTimestamp ?? event.series?.lastObservedTime ?? event.eventTime ?? event.firstTimestamp, now),
    ),
    textColumn('Type', ({ type }) => type ?? ''),
    textColumn('Reason', ({ reason }) => reason ?? ''),
    textColumn('Object', ({ involvedObject: { kind, name } }) => `${(kind ?? '').toLowerCase()}/${name ?? ''}`),
    textColumn('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '', 1),
    textColumn(
      'Source',
      ({ source, reportingComponent, reportingInstance }) =>
        [source?.component || reportingComponent, source?.host || reportingInstance].filter(Boolean).join(', '),
      1,
    ),
    textColumn('Message', ({ message }) => (message ?? '').trim()),
    textColumn('First Seen', ({ firstTimestamp, eventTime }, now) => ageOf(firstTimestamp ?? eventTime, now), 1),
    { ...numberColumn<Event>('Count', ({ count, series }) => series?.count ?? count ?? 1), priority: 1 },
    { ...nameColumn, priority: 1 },
  ],
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source }) => source?.component ?? '',
    type: ({ type }) => type ?? '',
  },
  strategy: { createOnUpdate: true, nameErrors: pathSegmentName },
})

/** The resources of the core group. */
export const coreResources: readonly Resource[] = [
  configMaps,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
  secrets,
  serviceAccounts,
  services,
] as unknown as readonly Resource[]
