import type { Resource } from '../machinery/resource.js'
import { resource, statusView } from '../machinery/resource.js'
import { appsResources } from './apps/v1/resources.js'
import { ageColumn, nameColumn, textColumn } from './columns.js'
import { Lease } from './coordination/v1/index.js'
import { coreResources } from './core/v1/resources.js'
import { EndpointSlice } from './discovery/v1/index.js'
import { PodDisruptionBudget } from './policy/v1/index.js'

const leases = resource(Lease, {
  columns: [nameColumn, textColumn('Holder', ({ spec }) => spec.holderIdentity ?? ''), ageColumn],
  strategy: { createOnUpdate: true },
})

const endpointSlices = resource(EndpointSlice, {
  columns: [
    nameColumn,
    textColumn('AddressType', ({ addressType }) => addressType),
    textColumn('Ports', ({ ports }) =>
      ports?.length ? ports.map(({ port }) => String(port ?? '*')).join(',') : '<unset>',
    ),
    textColumn('Endpoints', ({ endpoints }) => {
      const all = (endpoints ?? []).flatMap(({ addresses }) => addresses)
      if (all.length === 0) return '<unset>'
      return all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '')
    }),
    ageColumn,
  ],
})

const podDisruptionBudgets = resource(PodDisruptionBudget, {
  shortNames: ['pdb'],
  subresources: [statusView()],
  columns: [nameColumn, ageColumn],
  strategy: { generation: true },
})

/** Every built-in resource. */
export const resources: readonly Resource[] = [
  ...coreResources,
  ...appsResources,
  leases,
  endpointSlices,
  podDisruptionBudgets,
] as unknown as readonly Resource[]
