import { invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { ipAddress, parseIp, urlHost } from '../../../machinery/ip-address.js'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { addressWarnings } from '../../address-warnings.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { oneOf, requiredText } from '../../field-rules.js'
import { type EndpointAddress, type EndpointPort, Endpoints } from './endpoints.js'

export const endpoints: Resource<Endpoints> = resource(Endpoints, {
  storagePrefix: 'services/endpoints',
  deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  shortNames: ['ep'],
  columns: [nameColumn, textColumn('Endpoints', addressesText, { field: 'subsets' }), ageColumn],
  defaults(draft) {
    for (const { ports } of draft.subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP'
  },
  strategy: {
    createOnUpdate: true,
    metadataLooks: { asNew: 1 },
    validate,
    validateUpdate: validate,
    warnings,
  },
})

/** Endpoints that a controller has written are nobody's to be told about. */
function warnings({ metadata, subsets = [] }: Endpoints): string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return []
  return subsets.flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap(list =>
      (subset[list] ?? []).flatMap(({ ip }, j) =>
        addressWarnings(ip, root.child('subsets').index(i).child(list).index(j).child('ip')),
      ),
    ),
  )
}

/** Addresses a row shows before it says how many more there are. */
const shown = 3

function addressesText({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses, ports }) =>
    ports?.length
      ? ports.flatMap(({ port }) => (addresses ?? []).map(({ ip }) => hostAndPort(ip, port)))
      : (addresses ?? []).map(({ ip }) => ip),
  )
  if (all.length === 0) return none
  const more = all.length - shown
  return all.slice(0, shown).join(',') + (more > 0 ? ` + ${more} more...` : '')
}

const hostAndPort = (ip: string, port: number): string => `${urlHost(ip)}:${port}`

function validate({ subsets }: Endpoints): FieldError[] {
  return (subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const at = root.child('subsets').index(i)
    const errors: FieldError[] = []
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'))
    addresses.forEach((address, j) => {
      errors.push(...validateAddress(address, at.child('addresses').index(j)))
    })
    notReadyAddresses.forEach((address, j) => {
      errors.push(...validateAddress(address, at.child('notReadyAddresses').index(j)))
    })
    ports.forEach((port, j) => {
      errors.push(...validatePort(port, ports.length > 1, at.child('ports').index(j)))
    })
    return errors
  })
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, at: FieldPath): FieldError[] {
  const errors = invalidValues(at.child('ip'), ip, ipAddress(ip))
  if (hostname) errors.push(...invalidValues(at.child('hostname'), hostname, dns1123Label(hostname)))
  if (nodeName !== undefined) errors.push(...invalidValues(at.child('nodeName'), nodeName, dns1123Subdomain(nodeName)))
  return [...errors, ...validateReachable(ip, at.child('ip'))]
}

/** An address that other machines can reach: not unspecified, loopback, link-local or multicast. */
export function validateReachable(ip: string, at: FieldPath): FieldError[] {
  const address = parseIp(ip)
  if (!address) return [invalidValue(at, ip, 'must be a valid IP address')]
  const { family, value } = address
  const errors: FieldError[] = []
  const refuse = (detail: string): void => {
    errors.push(invalidValue(at, ip, detail))
  }
  const top = (bits: number): bigint => value >> BigInt((family === 4 ? 32 : 128) - bits)
  if (value === 0n) refuse(`may not be unspecified (${ip})`)
  if (family === 4 ? top(8) === 127n : value === 1n) refuse('may not be in the loopback range (127.0.0.0/8, ::1/128)')
  if (family === 4 ? top(16) === 0xa9fen : top(10) === 0x3fan)
    refuse('may not be in the link-local range (169.254.0.0/16, fe80::/10)')
  if (family === 4 ? top(24) === 0xe00000n : top(8) === 0xffn && (top(16) & 0xfn) === 2n)
    refuse('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')
  return errors
}

function validatePort({ name = '', port, protocol, appProtocol }: EndpointPort, named: boolean, at: FieldPath) {
  const errors: FieldError[] = []
  if (named && !name) errors.push(required(at.child('name')))
  else if (name) errors.push(...invalidValues(at.child('name'), name, dns1123Label(name)))
  errors.push(...invalidValues(at.child('port'), port, portNumber(port)))
  errors.push(
    ...(protocol
      ? oneOf(protocol, ['SCTP', 'TCP', 'UDP'], at.child('protocol'))
      : requiredText(protocol, at.child('protocol'))),
  )
  if (appProtocol !== undefined)
    errors.push(...invalidValues(at.child('appProtocol'), appProtocol, qualifiedName(appProtocol)))
  return errors
}
