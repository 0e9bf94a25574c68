import { dns1123Label } from '../../../machinery/names.js'
import type { Resource } from '../../../machinery/resource.js'
import { resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, labelsText, nameColumn, none, textColumn } from '../../columns.js'
import { keepStatus } from '../../status-apart.js'
import { Service } from './service.js'
import { validateServiceStatus } from './service-status.js'
import { normalizeClusterIps, takeOverAllocations } from './service-update.js'
import { isExternallyAccessible, validateService, validateServiceUpdate } from './service-validation.js'
import { serviceStatusWarnings, serviceWarnings } from './service-warnings.js'

export const services: Resource<Service> = resource(Service, {
  storagePrefix: 'services/specs',
  shortNames: ['svc'],
  categories: ['all'],
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('Type', ({ spec }) => spec.type ?? '', { field: 'spec.type' }),
    textColumn('Cluster-IP', ({ spec }) => spec.clusterIPs?.[0] || spec.clusterIP || none, { field: 'spec.clusterIP' }),
    textColumn('External-IP', externalAddressText, { field: 'spec.externalIPs' }),
    textColumn('Port(s)', portsText, { field: 'spec.ports' }),
    ageColumn,
    textColumn('Selector', ({ spec }) => labelsText(spec.selector), { wide: true, field: 'spec.selector' }),
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
    statusView({ validateUpdate: validateServiceStatus, warnings: serviceStatusWarnings }),
  ],
  defaults({ spec, status }) {
    defaultSpec(spec)
    if (spec.type === 'LoadBalancer')
      for (const ingress of status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
  },
  strategy: {
    createOnUpdate: true,
    nameErrors: dns1123Label,
    resetFields: ['status'],
    prepareForCreate(draft) {
      draft.status = { loadBalancer: {} }
      normalizeClusterIps(draft.spec, undefined)
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      // What is no load balancer any more is not shown as balanced while the balancer is being taken down.
      if (draft.spec.type !== 'LoadBalancer') draft.status = { ...draft.status, loadBalancer: {} }
      normalizeClusterIps(draft.spec, old.spec)
      takeOverAllocations(draft.spec, old.spec)
    },
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    metadataLooks: { asNew: 1 },
    warnings: serviceWarnings,
  },
})

const affinitySeconds = 10_800

function defaultSpec(spec: Draft<Service['spec']>): void {
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP') {
    spec.sessionAffinityConfig ??= {}
    spec.sessionAffinityConfig.clientIP ??= {}
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinitySeconds
  }
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    if (port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer')
    spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

function externalAddressText({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  const external = spec.externalIPs ?? []
  if (spec.type !== 'LoadBalancer') return external.length > 0 ? external.join(',') : none
  const balancers = (status.loadBalancer.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter(Boolean)
  const all = [...new Set(balancers)].sort().concat(external)
  return all.length > 0 ? all.join(',') : '<pending>'
}

function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.length > 0 ? ports.join(',') : none
}
