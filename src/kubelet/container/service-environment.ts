import type { Service } from '../../api/core/v1/index.js'
import { urlHost } from '../../machinery/ip-address.js'

/**
 * Variables by which a container finds the services of its namespace
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). `services` holds those of
 * every namespace; without `links` only the API server's own is told.
 */
export function serviceEnvironment(
  services: Iterable<Service>,
  namespace: string,
  links: boolean,
): ReadonlyMap<string, string> {
  const chosen = new Map<string, Service>()
  for (const service of services) {
    const { name = '', namespace: home } = service.metadata
    const { clusterIP } = service.spec
    if (!clusterIP || clusterIP === 'None') continue
    const isApi = home === 'default' && name === 'kubernetes'
    if (links && home === namespace) chosen.set(name, service)
    else if (isApi && !chosen.has(name)) chosen.set(name, service)
  }
  const variables = new Map<string, string>()
  for (const [, service] of [...chosen].sort(([a], [b]) => (a < b ? -1 : 1))) addService(variables, service)
  return variables
}

const variableName = (text: string): string => text.toUpperCase().replaceAll('-', '_')

function addService(variables: Map<string, string>, { metadata, spec }: Service): void {
  const prefix = variableName(metadata.name ?? '')
  const host = spec.clusterIP ?? ''
  const ports = spec.ports ?? []
  const [first] = ports
  variables.set(`${prefix}_SERVICE_HOST`, host)
  if (!first) return
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port))
  for (const { name, port } of ports)
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port))
  const address = urlHost(host)
  for (const { port, protocol = 'TCP' } of ports) {
    const url = `${protocol.toLowerCase()}://${address}:${port}`
    if (port === first.port && protocol === first.protocol) variables.set(`${prefix}_PORT`, url)
    const base = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    variables.set(base, url)
    variables.set(`${base}_PROTO`, protocol.toLowerCase())
    variables.set(`${base}_PORT`, String(port))
    variables.set(`${base}_ADDR`, host)
  }
}
