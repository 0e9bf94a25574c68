import type { Service } from '../../api/core/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { type FieldError, internalError, StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Allotment } from './allocation.js'
import type { Pool } from './pool.js'

/** Types that are reachable through ports of the nodes. */
const isExternal = ({ spec }: Draft<Service> | Service): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/** Types whose ports are opened on the nodes without being asked for. */
const opensNodePorts = ({ spec }: Draft<Service>): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

const needsHealthCheck = ({ spec }: Draft<Service> | Service): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

/** Gives the ports of a service their numbers on the nodes. Answers what is wrong with the ones asked for. */
export function allocatePorts(
  service: Draft<Service>,
  old: Service | undefined,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  const had = new Set<number>()
  for (const { nodePort } of old?.spec.ports ?? []) if (nodePort) had.add(nodePort)
  if (isExternal(service)) {
    const errors = old ? changePorts(service, had, pool, allotment) : firstPorts(service, pool, allotment)
    if (errors.length > 0) return errors
  }
  if (needsHealthCheck(service) && !(old && needsHealthCheck(old))) allocateHealthPort(service, pool, allotment)
  return []
}

/** Why a number cannot be had; undefined if it was taken. */
function refusalOf(pool: Pool, nodePort: number, allotment: Allotment): string | undefined {
  const { first, last } = pool.range
  if (!pool.has(nodePort))
    return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
  return allotment.take(pool, nodePort) ? undefined : 'provided port is already allocated'
}

function anyPort(pool: Pool, allotment: Allotment): number {
  const nodePort = allotment.takeAny(pool)
  if (nodePort === undefined) throw internalError('failed to allocate a nodePort: range is full')
  return nodePort
}

/** Ports of one number, one for each protocol, share a node port. */
function firstPorts(service: Draft<Service>, pool: Pool, allotment: Allotment): FieldError[] {
  const byNumber = new Map<number, number>()
  const ports = service.spec.ports ?? []
  for (const [i, port] of ports.entries()) {
    if (!port.nodePort && !opensNodePorts(service)) continue
    const shared = byNumber.get(port.port)
    const asked = shared ? port.nodePort : ports.find(other => other.port === port.port && other.nodePort)?.nodePort
    if (asked && asked !== shared) {
      const refusal = refusalOf(pool, asked, allotment)
      if (refusal) return [invalidValue(`spec.ports[${i}].nodePort`, asked, refusal)]
    }
    port.nodePort = asked || shared || anyPort(pool, allotment)
    if (!shared) byNumber.set(port.port, port.nodePort)
  }
  return []
}

function changePorts(
  service: Draft<Service>,
  had: ReadonlySet<number>,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  const taken = new Set<number>()
  const used = new Set<string>()
  for (const [i, port] of (service.spec.ports ?? []).entries()) {
    if (!port.nodePort && !opensNodePorts(service)) continue
    if (!port.nodePort) port.nodePort = anyPort(pool, allotment)
    else if (!had.has(port.nodePort) && !taken.has(port.nodePort)) {
      const refusal = refusalOf(pool, port.nodePort, allotment)
      if (refusal) return [invalidValue(`spec.ports[${i}].nodePort`, port.nodePort, refusal)]
      taken.add(port.nodePort)
    }
    const use = `{${port.protocol} ${port.nodePort}}`
    if (used.has(use)) throw new StatusError(500, '', `duplicate nodePort: ${use}`)
    used.add(use)
  }
  return []
}

/** The port by which load balancers learn whether a node has endpoints of its own. */
function allocateHealthPort({ spec }: Draft<Service>, pool: Pool, allotment: Allotment): void {
  if (!spec.healthCheckNodePort) {
    const nodePort = allotment.takeAny(pool)
    if (nodePort === undefined) throw internalError('failed to allocate a HealthCheck NodePort 0: range is full')
    spec.healthCheckNodePort = nodePort
    return
  }
  const refusal = refusalOf(pool, spec.healthCheckNodePort, allotment)
  if (refusal)
    throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${refusal}`)
}
