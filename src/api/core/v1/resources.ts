import type { Resource } from '../../../machinery/resource.js'
import { resource } from '../../../machinery/resource.js'
import { nameColumn, textColumn } from '../../columns.js'
import { ComponentStatus } from './component-status.js'
import { configMaps } from './config-maps.js'
import { endpoints } from './endpoints-resource.js'
import { events } from './events.js'
import { limitRanges } from './limit-ranges.js'
import { namespaces } from './namespaces.js'
import { nodes } from './nodes.js'
import { persistentVolumeClaims } from './persistent-volume-claims.js'
import { persistentVolumes } from './persistent-volumes.js'
import { Binding } from './pod-options.js'
import { podTemplates } from './pod-templates.js'
import { pods } from './pods.js'
import { replicationControllers } from './replication-controllers.js'
import { resourceQuotas } from './resource-quotas.js'
import { secrets } from './secrets.js'
import { serviceAccounts } from './service-accounts.js'
import { services } from './services.js'

/** The older way to bind a pod: a POST to `bindings`, nothing is stored. */
const bindings: Resource<Binding> = resource(Binding, { verbs: ['create'], stored: false })

/** Worked out when asked, never stored. */
const componentStatuses: Resource<ComponentStatus> = resource(ComponentStatus, {
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  stored: false,
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    ...(['Status', 'Message', 'Error'] as const).map(name =>
      textColumn<ComponentStatus>(
        name,
        ({ conditions }) => {
          const healthy = conditions?.find(({ type }) => type === 'Healthy')
          if (name === 'Status') return healthy?.status === 'True' ? 'Healthy' : healthy ? 'Unhealthy' : 'Unknown'
          return (name === 'Message' ? healthy?.message : healthy?.error) ?? ''
        },
        { description: `${name} of the component` },
      ),
    ),
  ],
})

/** The resources of the core group. */
export const coreResources: readonly Resource[] = [
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
] as unknown as readonly Resource[]
