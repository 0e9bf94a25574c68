import { addQuantities, formatQuantity, zeroQuantity } from '../../../machinery/quantity.js'
import { type Column, type Resource, resource } from '../../../machinery/resource.js'
import { nameColumn } from '../../columns.js'
import { NodeMetrics, PodMetrics } from './metrics.js'

type Usage = { readonly [resource: string]: string }

const usageColumn = <T extends NodeMetrics | PodMetrics>(
  name: string,
  usages: (object: T) => readonly Usage[],
): Column<T> => ({
  name,
  type: 'string',
  format: 'quantity',
  priority: 0,
  cell: object =>
    formatQuantity(usages(object).reduce((sum, usage) => addQuantities(sum, usage[name] ?? '0'), zeroQuantity)),
})

const windowColumn: Column<NodeMetrics | PodMetrics> = {
  name: 'Window',
  type: 'string',
  format: 'duration',
  priority: 0,
  cell: ({ window }) => window,
}

const verbs = ['get', 'list'] as const

const ofNode = ({ usage }: NodeMetrics) => [usage]
const nodeMetrics: Resource<NodeMetrics> = resource(NodeMetrics, {
  verbs,
  stored: false,
  storagePrefix: 'metrics.k8s.io/nodes',
  columns: [nameColumn, usageColumn('cpu', ofNode), usageColumn('memory', ofNode), windowColumn],
})

const ofContainers = ({ containers }: PodMetrics) => containers.map(({ usage }) => usage)
const podMetrics: Resource<PodMetrics> = resource(PodMetrics, {
  verbs,
  stored: false,
  storagePrefix: 'metrics.k8s.io/pods',
  columns: [nameColumn, usageColumn('cpu', ofContainers), usageColumn('memory', ofContainers), windowColumn],
})

/** The resources of metrics.k8s.io/v1beta1: served where somebody collects figures. */
export const metricsResources: readonly Resource[] = [nodeMetrics, podMetrics] as unknown as readonly Resource[]
