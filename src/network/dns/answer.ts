import { formatIp, parseIp } from '../../machinery/ip-address.js'
import type { Question } from './read-message.js'
import {
  addressRecord,
  type DnsRecord,
  internetClass,
  nameRecord,
  recordTypes,
  responseCodes,
  soaRecord,
  srvRecord,
  txtRecord,
} from './records.js'
import type { DnsZone, ZoneEndpoint, ZonePort, ZoneService } from './zone.js'

/** What is to be done about a question. */
export type Answer =
  | {
      readonly kind: 'answer'
      readonly code: number
      readonly answers: readonly DnsRecord[]
      readonly authorities: readonly DnsRecord[]
      readonly additionals: readonly DnsRecord[]
      /** A name beyond the cluster where the answer goes on. */
      readonly continuesAt?: string
    }
  /** The name is none of the cluster's. */
  | { readonly kind: 'elsewhere' }

/** Seconds that clients may remember what was said. */
const ttl = 5

/** Of the specification of names in a cluster that is followed here. */
const schemaVersion = '1.1.0'

/** External names may lead to each other, and round in a circle. */
const maxAliases = 8

/**
 * Answers a question from what is known of services, as Kubernetes' DNS specification wants it
 * (https://github.com/kubernetes/dns/blob/master/docs/specification.md). Pure.
 */
export function answer({ name, type, class: klass }: Question, zone: DnsZone): Answer {
  const labels = below(name, zone.domain)
  const reverse = labels ? undefined : reverseAddress(name)
  if (klass !== internetClass || (!labels && !reverse)) return { kind: 'elsewhere' }
  if (reverse) return reverseAnswer(name, reverse, type, zone)
  return forwardAnswer(name, labels ?? [], type, zone)
}

/** The labels of a name before the domain's; undefined if it is not in the domain. */
function below(name: string, domain: string): string[] | undefined {
  if (name === domain) return []
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1).split('.') : undefined
}

function forwardAnswer(name: string, labels: readonly string[], type: number, zone: DnsZone): Answer {
  const answers: DnsRecord[] = []
  let [at, rest]: [string, readonly string[]] = [name, labels]
  for (let aliases = 0; ; aliases++) {
    const found = lookUp(at, rest, zone)
    if (found === undefined) return { ...nothing(responseCodes.NXDOMAIN, zone), answers }
    if (found.alias === undefined) {
      const wanted = found.records.filter(record => type === recordTypes.ANY || record.type === type)
      if (!wanted.length) return { ...nothing(responseCodes.NOERROR, zone), answers }
      return settled([...answers, ...wanted], type === recordTypes.SRV ? found.additionals : [])
    }
    answers.push(nameRecord(at, recordTypes.CNAME, ttl, found.alias))
    if (type === recordTypes.CNAME) return settled(answers)
    const next = below(found.alias, zone.domain)
    if (!next) return { ...settled(answers), continuesAt: found.alias }
    if (aliases === maxAliases) return { ...settled(answers), code: responseCodes.SERVFAIL }
    ;[at, rest] = [found.alias, next]
  }
}

const settled = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []) => ({
  kind: 'answer' as const,
  code: responseCodes.NOERROR as number,
  answers,
  authorities: [],
  additionals,
})

/** That there is no such name, or nothing of the type; the zone's own record says for how long that holds. */
const nothing = (code: number, zone: DnsZone) => ({
  kind: 'answer' as const,
  code,
  answers: [],
  authorities: [zoneRecord(zone)],
  additionals: [],
})

const zoneRecord = ({ domain, serial }: DnsZone): DnsRecord =>
  soaRecord(domain, ttl, { server: `ns.dns.${domain}`, mailbox: `hostmaster.${domain}`, serial, minimum: ttl })

/** All there is of a name: its records, or the name it stands for. */
interface Found {
  readonly records: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
  readonly alias?: string
}

const exists: Found = { records: [], additionals: [] }

function lookUp(name: string, labels: readonly string[], zone: DnsZone): Found | undefined {
  const [kind, namespace, owner, first, second, ...more] = labels.toReversed()
  if (more.length) return undefined
  switch (kind) {
    case undefined:
      return {
        records: [zoneRecord(zone), nameRecord(name, recordTypes.NS, ttl, `ns.dns.${name}`)],
        additionals: [],
      }
    case 'dns-version':
      return namespace === undefined ? { records: [txtRecord(name, ttl, schemaVersion)], additionals: [] } : undefined
    case 'dns':
      if (namespace === undefined) return exists
      if (namespace !== 'ns' || owner !== undefined) return undefined
      return { records: zone.serverAddresses.map(address => addressRecord(name, ttl, address)), additionals: [] }
    case 'pod':
      return namespace === undefined ? exists : podRecords(name, namespace, owner, first, zone)
    case 'svc': {
      if (namespace === undefined) return exists
      if (owner === undefined) return zone.hasNamespace(namespace) ? exists : undefined
      const service = zone.service(namespace, owner)
      return service && serviceRecords(name, service, first, second, zone)
    }
    default:
      return undefined
  }
}

/** `10-244-0-5.ns.pod`: the address is in the name, whether or not there is such a pod. */
function podRecords(
  name: string,
  namespace: string,
  dashed: string | undefined,
  more: string | undefined,
  zone: DnsZone,
): Found | undefined {
  if (more !== undefined) return undefined
  if (dashed === undefined) return zone.hasNamespace(namespace) ? exists : undefined
  const v4 = /^\d+-\d+-\d+-\d+$/.test(dashed)
  const address = parseIp(dashed.replaceAll('-', v4 ? '.' : ':'))
  return address && { records: [addressRecord(name, ttl, formatIp(address))], additionals: [] }
}

function serviceRecords(
  name: string,
  service: ZoneService,
  first: string | undefined,
  second: string | undefined,
  { domain }: DnsZone,
): Found | undefined {
  const { externalName, addresses, endpoints, ports } = service
  const serviceName = `${service.name}.${service.namespace}.svc.${domain}`
  if (externalName !== undefined) return first === undefined ? { ...exists, alias: externalName } : undefined
  const headless = !addresses.length
  // A headless service without endpoints has nothing to say, not even that it is there.
  if (headless && !endpoints.length) return undefined

  const all: readonly Target[] = headless
    ? endpoints.map(endpoint => endpointTarget(endpoint, serviceName))
    : [{ name: serviceName, addresses, ports }]
  if (first === undefined) {
    const own = headless ? endpoints.map(({ address }) => address) : addresses
    return { records: [...addressRecords(name, own), ...srvRecords(name, all)], additionals: targetAddresses(all) }
  }
  if (first.startsWith('_')) {
    const protocol = first.slice(1)
    const spoken = limited(all, port => port.protocol === protocol)
    if (second === undefined) return spoken.length ? exists : undefined
    const named = limited(spoken, port => port.name !== '' && `_${port.name}` === second)
    return named.length ? { records: srvRecords(name, named), additionals: targetAddresses(named) } : undefined
  }
  if (second !== undefined) return undefined
  const meant = endpoints
    .filter(({ hostname }) => hostname === first)
    .map(endpoint => endpointTarget(endpoint, serviceName))
  if (!meant.length) return undefined
  return {
    records: [
      ...addressRecords(
        name,
        meant.flatMap(target => target.addresses),
      ),
      ...srvRecords(name, meant),
    ],
    additionals: targetAddresses(meant),
  }
}

/** Where an SRV record leads. */
interface Target {
  readonly name: string
  readonly addresses: readonly string[]
  readonly ports: readonly ZonePort[]
}

const endpointTarget = ({ hostname, address, ports }: ZoneEndpoint, serviceName: string): Target => ({
  name: `${hostname}.${serviceName}`,
  addresses: [address],
  ports,
})

const limited = (targets: readonly Target[], wanted: (port: ZonePort) => boolean): Target[] =>
  targets.map(target => ({ ...target, ports: target.ports.filter(wanted) })).filter(({ ports }) => ports.length)

function srvRecords(name: string, targets: readonly Target[]): DnsRecord[] {
  const places = new Map<string, { readonly port: number; readonly target: string }>()
  for (const { name: target, ports } of targets)
    for (const { port } of ports) places.set(`${target} ${port}`, { port, target })
  const weight = Math.max(1, Math.floor(100 / places.size))
  return [...places.values()].map(place => srvRecord(name, ttl, { priority: 0, weight, ...place }))
}

const targetAddresses = (targets: readonly Target[]): DnsRecord[] =>
  targets.flatMap(({ name, addresses }) => addressRecords(name, addresses))

const addressRecords = (name: string, addresses: readonly string[]): DnsRecord[] =>
  [...new Set(addresses)].map(address => addressRecord(name, ttl, address))

function reverseAnswer(name: string, address: string, type: number, zone: DnsZone): Answer {
  const names = new Set<string>()
  for (const { service, endpoint } of zone.owners(address)) {
    const serviceName = `${service.name}.${service.namespace}.svc.${zone.domain}`
    names.add(endpoint ? `${endpoint.hostname}.${serviceName}` : serviceName)
  }
  // Others may know who that is.
  if (!names.size) return { kind: 'elsewhere' }
  if (type !== recordTypes.PTR && type !== recordTypes.ANY) return nothing(responseCodes.NOERROR, zone)
  return settled([...names].map(target => nameRecord(name, recordTypes.PTR, ttl, target)))
}

/** The address that `5.0.244.10.in-addr.arpa` asks about; undefined if it is no such name. */
export function reverseAddress(name: string): string | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  const text = v4
    ? v4.slice(1).toReversed().join('.')
    : v6?.[1]
        ?.replaceAll('.', '')
        .split('')
        .toReversed()
        .join('')
        .replaceAll(/(.{4})(?=.)/g, '$1:')
  const address = text === undefined ? undefined : parseIp(text)
  return address && formatIp(address)
}
