import type { Service } from '../../api/core/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { type FieldError, internalError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Allotment } from './allocation.js'
import type { Pool } from './pool.js'

const taken = 'provided port is already allocated'

/** Types that are reachable through ports of the nodes. */
const isExternal = ({ spec }: Draft<Service> | Service): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/** Types whose ports are opened on the nodes without being asked for. */
const opensNodePorts = ({ spec }: Draft<Service>): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

/** Gives the ports of a service their numbers on the nodes. Answers what is wrong with the ones asked for. */
export function allocatePorts(
  service: Draft<Service>,
  old: Service | undefined,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  const had = new Set<number>()
  for (const { nodePort } of old?.spec.ports ?? []) if (nodePort) had.add(nodePort)
  if (!isExternal(service)) {
    // Left over from another type: given back, unless the client insists (then validation objects).
    for (const port of service.spec.ports ?? []) if (port.nodePort && had.has(port.nodePort)) delete port.nodePort
    delete service.spec.healthCheckNodePort
    return []
  }
  return [...namedPorts(service, old, had, pool, allotment), ...healthPort(service, old, pool, allotment)]
}

function namedPorts(
  service: Draft<Service>,
  old: Service | undefined,
  had: ReadonlySet<number>,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  const errors: FieldError[] = []
  // One number may serve several protocols of one service.
  const own = new Map<number, Set<string>>()
  const ports = service.spec.ports ?? []
  for (const [i, { nodePort, protocol = 'TCP' }] of ports.entries()) {
    if (!nodePort) continue
    const protocols = own.get(nodePort)
    const at = `spec.ports[${i}].nodePort`
    if (!pool.has(nodePort)) {
      const { first, last } = pool.range
      const why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
      errors.push(invalidValue(at, nodePort, why))
    } else if (protocols ? protocols.has(protocol) : !had.has(nodePort) && !allotment.take(pool, nodePort))
      errors.push(invalidValue(at, nodePort, taken))
    own.set(nodePort, new Set([...(protocols ?? []), protocol]))
  }
  if (!opensNodePorts(service)) return errors
  for (const port of ports) {
    if (port.nodePort) continue
    const protocol = port.protocol ?? 'TCP'
    // A port that keeps its number and protocol keeps its node port, too; one for another protocol shares it.
    const before = old?.spec.ports?.find(
      candidate => candidate.port === port.port && (candidate.protocol ?? 'TCP') === protocol,
    )?.nodePort
    const shared = ports.find(
      other => other !== port && other.nodePort && other.port === port.port && !own.get(other.nodePort)?.has(protocol),
    )?.nodePort
    const nodePort = before && !own.get(before)?.has(protocol) ? before : (shared ?? allotment.takeAny(pool))
    if (nodePort === undefined) throw internalError('failed to allocate a nodePort: range is full')
    port.nodePort = nodePort
    own.set(nodePort, new Set([...(own.get(nodePort) ?? []), protocol]))
  }
  return errors
}

/** The port by which load balancers learn whether a node has endpoints of its own. */
function healthPort(
  { spec }: Draft<Service>,
  old: Service | undefined,
  pool: Pool,
  allotment: Allotment,
): FieldError[] {
  if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') {
    if (old?.spec.healthCheckNodePort === spec.healthCheckNodePort) delete spec.healthCheckNodePort
    return []
  }
  const had = old?.spec.healthCheckNodePort
  if (!spec.healthCheckNodePort) {
    const nodePort = had || allotment.takeAny(pool)
    if (nodePort === undefined) throw internalError('failed to allocate a health check nodePort: range is full')
    spec.healthCheckNodePort = nodePort
    return []
  }
  if (spec.healthCheckNodePort === had) return []
  const at = 'spec.healthCheckNodePort'
  if (!pool.has(spec.healthCheckNodePort)) {
    const { first, last } = pool.range
    const why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
    return [invalidValue(at, spec.healthCheckNodePort, why)]
  }
  return allotment.take(pool, spec.healthCheckNodePort) ? [] : [invalidValue(at, spec.healthCheckNodePort, taken)]
}
