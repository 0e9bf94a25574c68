import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import type { Registries } from '../registry/registries.js'

/** A port of a service, as webhooks and API services refer to it. */
export interface ServicePort {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** Where a connection is made to. */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Where a service is reached: one of its endpoints that are ready, as the server's host need not be one that serves
 * addresses of services; else the address of the service. Throws an error that says why it is not.
 */
export function serviceAddress(
  registries: Registries,
  { namespace, name, port }: ServicePort,
  random: () => number = Math.random,
): Address {
  const { spec } = registries.of(Service).cache.get(`${namespace}/${name}`)?.object ?? {}
  if (!spec) throw new Error(`service ${JSON.stringify(name)} not found`)
  if (spec.type === 'ExternalName') return { host: spec.externalName ?? '', port }
  const named = spec.ports?.find(candidate => candidate.port === port)
  if (!named) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
  const ready = readyAddresses(registries, namespace, name, named.name ?? '')
  const chosen = ready[Math.floor(random() * ready.length)]
  if (chosen) return chosen
  if (!spec.clusterIP || spec.clusterIP === 'None')
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  return { host: spec.clusterIP, port }
}

/** The endpoint slices of a service. */
export const slicesOf = (registries: Registries, namespace: string, name: string): EndpointSlice[] =>
  registries
    .of(EndpointSlice)
    .cache.list(`${namespace}/`)
    .map(({ object }) => object)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)

const readyAddresses = (registries: Registries, namespace: string, name: string, portName: string): Address[] =>
  slicesOf(registries, namespace, name).flatMap(({ ports = [], endpoints }) => {
    const port = ports.find(candidate => (candidate.name ?? '') === portName)?.port
    if (port === undefined) return []
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses: [host] }) => (host ? [{ host, port }] : []))
  })
