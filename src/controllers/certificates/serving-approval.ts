import type { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import type { Node } from '../../api/core/v1/index.js'
import { type Cidr, cidrContains, formatIp, type IpAddress, parseCidr, parseIp } from '../../machinery/ip-address.js'
import { objection, type Requested, signers } from './signers.js'

/** What is known of a cluster when a node asks to serve under names and addresses. */
export interface ServingFacts {
  readonly nodes: readonly Node[]
  /** The networks of services. */
  readonly serviceNetworks: readonly Cidr[]
  /** What API servers serve with: nobody else is to serve under their names and addresses... */
  readonly apiServers: readonly X509Certificate[]
  /** ...but the nodes of the machines that they run on. */
  readonly apiServerNodes: readonly string[]
}

type Request = Pick<CertificateSigningRequest['spec'], 'signerName' | 'username' | 'groups' | 'usages'>

/**
 * Why a node is not given a serving certificate without a person's asking; undefined if it is. A node tells its addresses
 * itself, so they are believed only as far as they take nothing from anybody else: it may serve under its own name, and
 * under addresses that are no other node's, no service's, no pod's, and none by which API servers are reached.
 */
export function servingObjection(request: Request, asked: Requested, facts: ServingFacts): string | undefined {
  const { signerName, username = '', groups = [], usages = [] } = request
  const { commonName } = asked.subject
  const wrong = objection(signers.kubeletServing, asked, usages)
  if (signerName !== signers.kubeletServing) return `signerName is not ${signers.kubeletServing}`
  if (wrong) return wrong
  if (username !== commonName || !groups.includes('system:nodes')) return `${username} asks for ${commonName}`
  const name = commonName.slice('system:node:'.length)
  const node = facts.nodes.find(({ metadata }) => metadata.name === name)
  if (!node) return `there is no node ${name}`
  const besideApiServer = facts.apiServerNodes.includes(name)
  const served = besideApiServer ? [] : facts.apiServers
  for (const host of asked.names.dns) {
    if (host !== name) return `the name ${host} is not that of the node`
    if (served.some(certificate => certificate.checkHost(host))) return `API servers serve under the name ${host}`
  }
  for (const text of asked.names.addresses) {
    const address = parseIp(text)
    if (!address) return `${text} is no address`
    const own = formatIp(address)
    if (!addressesOf(node).has(own)) return `the node ${name} does not have the address ${text}`
    if (isSpecial(address)) return `the address ${text} is not one node's alone`
    const other = facts.nodes.find(each => each !== node && addressesOf(each).has(own))
    if (other) return `the node ${other.metadata.name} has the address ${text}, too`
    if (facts.serviceNetworks.some(network => cidrContains(network, address)))
      return `${text} is an address of services`
    if (facts.nodes.some(each => podNetworksOf(each).some(network => cidrContains(network, address))))
      return `${text} is an address of pods`
    if (served.some(certificate => certificate.checkIP(text))) return `API servers serve under the address ${text}`
  }
  return undefined
}

/** In their canonical form. */
const addressesOf = ({ status }: Node): ReadonlySet<string> =>
  new Set(
    (status.addresses ?? []).flatMap(({ type, address }) => {
      const parsed = type.endsWith('IP') ? parseIp(address) : undefined
      return parsed ? [formatIp(parsed)] : []
    }),
  )

const podNetworksOf = ({ spec }: Node): readonly Cidr[] => (spec.podCIDRs ?? []).flatMap(text => parseCidr(text) ?? [])

/** Unspecified, loopback, link-local, multicast: every machine has them. */
const special = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
].flatMap(text => parseCidr(text) ?? [])

const isSpecial = (address: IpAddress): boolean => special.some(network => cidrContains(network, address))
