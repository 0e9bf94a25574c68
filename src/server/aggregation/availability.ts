import type { APIServiceSpec } from '../../api/apiregistration/v1/index.js'
import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'

/** Whether an API service can be asked, in the words of its condition `Available`. */
export interface Availability {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export const local: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

export const passed: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' }

export const failedDiscovery = (message: string): Availability => ({
  status: 'False',
  reason: 'FailedDiscoveryCheck',
  message,
})

type Reference = NonNullable<APIServiceSpec['service']>

/** Why a service cannot serve an API, as far as objects tell; undefined if they say nothing against it. */
export function serviceFault(
  { namespace = '', name = '', port = 443 }: Reference,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Availability | undefined {
  const called = `service/${name} in ${JSON.stringify(namespace)}`
  const fault = (reason: string, message: string): Availability => ({ status: 'False', reason, message })
  if (!service) return fault('ServiceNotFound', `${called} is not present`)
  const { type = 'ClusterIP', ports = [] } = service.spec
  // Nobody knows the ports and endpoints of others.
  if (type !== 'ClusterIP') return undefined
  const listening = ports.find(candidate => candidate.port === port)
  if (!listening) return fault('ServicePortError', `${called} is not listening on port ${port}`)
  if (slices.length === 0) return fault('EndpointsNotFound', `cannot find endpointslices for ${called}`)
  const portName = listening.name ?? ''
  return slices.some(slice => isReady(slice, portName))
    ? undefined
    : fault(
        'MissingEndpoints',
        `endpointslices for ${called} have no addresses with port name ${JSON.stringify(portName)}`,
      )
}

const isReady = ({ endpoints, ports = [] }: EndpointSlice, portName: string): boolean =>
  endpoints.some(({ conditions }) => conditions?.ready !== false) &&
  ports.some(({ name = '', port }) => name === portName && port !== undefined)
