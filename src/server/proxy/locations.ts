import { Node, Pod, Service } from '../../api/core/v1/index.js'
import type { Endpoint } from '../../api/discovery/v1/index.js'
import { type Cidr, cidrContains, parseCidr, parseIp, urlHost } from '../../machinery/ip-address.js'
import { badRequest, notFound, serviceUnavailable } from '../../machinery/status-error.js'
import type { Registries } from '../registry/registries.js'
import { slicesOf } from '../services/service-address.js'
import { type KubeletConnection, nodePort } from '../subresources/kubelet-connection.js'
import type { Backend } from './forward.js'
import { schemeNamePort } from './scheme-name-port.js'

/** Finds what a proxied name leads to. `id` is the name as it stands in the URL. Throws a 400, 404 or 503. */
export type Locate = (registries: Registries, namespace: string, id: string) => Promise<Backend>

const sloppyTls = { rejectUnauthorized: false }

const backendOf = (scheme: string, host: string, port: string): Backend => ({
  origin: `${scheme || 'http'}://${urlHost(host)}${port ? `:${port}` : ''}`,
  tls: sloppyTls,
})

/** Addresses of hosts themselves, of links and of groups: behind them may be what no user is meant to reach. */
const notProxied: readonly string[] = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/127',
].concat('fe80::/10', 'ff00::/8')
let unreachable: readonly (Cidr | undefined)[] | undefined

/** Whether an address may be proxied to. */
function isProxied(text: string): boolean {
  const address = parseIp(text)
  unreachable ??= notProxied.map(parseCidr)
  return (
    address !== undefined && !unreachable.some(cidr => cidr?.family === address.family && cidrContains(cidr, address))
  )
}

/** A pod by its address; the port is the first one that its containers declare, unless one is asked for. */
export const locatePod: Locate = async (registries, namespace, id) => {
  const asked = schemeNamePort(id)
  if (!asked) throw badRequest(`invalid pod request ${JSON.stringify(id)}`)
  const { object: pod } = await registries.of(Pod).get(namespace, asked.name)
  const address = pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? ''
  if (!isProxied(address)) throw badRequest('address not allowed')
  const [declared] = pod.spec.containers.flatMap(({ ports = [] }) => ports)
  return backendOf(asked.scheme, address, asked.port || (declared ? String(declared.containerPort) : ''))
}

/** Any pod of a service that is ready. The port is asked for by its number or name; the unnamed one if by none. */
export const locateService =
  (random: () => number = Math.random): Locate =>
  async (registries, namespace, id) => {
    const asked = schemeNamePort(id)
    if (!asked) throw badRequest(`invalid service request ${JSON.stringify(id)}`)
    const { name } = asked
    const services = registries.of(Service)
    const { object: service } = await services.get(namespace, name)
    let portName = asked.port
    if (/^\d+$/.test(asked.port)) {
      const port = service.spec.ports?.find(({ port }) => port === Number(asked.port))
      if (!port) throw serviceUnavailable(`no service port ${asked.port} found for service ${JSON.stringify(name)}`)
      portName = port.name ?? ''
    }
    const slices = slicesOf(registries, namespace, name)
    if (slices.length === 0) throw notFound(services.name, name)
    const found = slices.flatMap(({ ports = [], endpoints }) =>
      ports
        .filter(port => (port.name ?? '') === portName && port.port !== undefined)
        .flatMap(({ port }) =>
          endpoints
            .filter(endpoint => isServing(registries, namespace, endpoint))
            .map(({ addresses: [address = ''] }) => ({ address, port: String(port) })),
        ),
    )
    const chosen = found[Math.floor(random() * found.length)]
    if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`)
    return backendOf(asked.scheme, chosen.address, chosen.port)
  }

/** Whether an endpoint is ready and a pod of the namespace that has the address: nothing else is proxied to. */
function isServing(registries: Registries, namespace: string, endpoint: Endpoint): boolean {
  const { conditions, targetRef, addresses } = endpoint
  const [address = ''] = addresses
  if (conditions?.ready === false || targetRef?.kind !== 'Pod' || (targetRef.namespace ?? namespace) !== namespace)
    return false
  const pod = registries.of(Pod).cache.get(`${namespace}/${targetRef.name ?? ''}`)?.object
  return isProxied(address) && (pod?.status.podIPs?.some(({ ip }) => ip === address) || pod?.status.podIP === address)
}

/** A node's kubelet, with the server's credentials; or another port of the node, without. */
export const locateNode =
  (kubelets: KubeletConnection): Locate =>
  async (registries, _namespace, id) => {
    const asked = schemeNamePort(id)
    if (!asked) throw badRequest(`invalid node request ${JSON.stringify(id)}`)
    const { object: node } = await registries.of(Node).get('', asked.name)
    const base = await kubelets.baseOf(asked.name)
    if (!asked.port || Number(asked.port) === nodePort(node)) {
      const { tls, agent } = kubelets
      return { origin: base.origin, tls, agent }
    }
    const host = base.hostname.replace(/^\[|\]$/g, '')
    if (parseIp(host) && !isProxied(host)) throw badRequest('address not allowed')
    return backendOf(asked.scheme, host, asked.port)
  }
