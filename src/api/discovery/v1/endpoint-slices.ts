import {
  duplicate,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-errors.js'
import { ipAddress, parseIp } from '../../../machinery/ip-address.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import {
  dns1123Label,
  dns1123Subdomain,
  fullyQualifiedDomainName,
  labelValue,
  qualifiedName,
} from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabels } from '../../../machinery/validate-labels.js'
import type { Draft } from '../../../schema/index.js'
import { addressWarnings } from '../../address-warnings.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { validateReachable } from '../../core/v1/endpoints-resource.js'
import { oneOf, unchanged } from '../../field-rules.js'
import { type Endpoint, EndpointSlice } from './endpoint-slice.js'

const mostEndpoints = 1000
const mostAddresses = 100
const mostPorts = 20_000
const mostHints = 8
const mostTopologyLabels = 16
const addressTypes = ['FQDN', 'IPv4', 'IPv6']

export const endpointSlices: Resource<EndpointSlice> = resource(EndpointSlice, {
  columns: [
    nameColumn,
    textColumn('AddressType', ({ addressType }) => addressType, { field: 'addressType' }),
    textColumn('Ports', portsText, { field: 'ports' }),
    textColumn('Endpoints', addressesText, { field: 'endpoints' }),
    ageColumn,
  ],
  defaults(draft) {
    for (const port of draft.ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  strategy: {
    generation: true,
    prepareForCreate: dropTopology,
    prepareForUpdate(draft, old) {
      const { metadata, endpoints } = draft
      // Labels say whose endpoints these are.
      if (!jsonEqual(metadata.labels, old.metadata.labels)) metadata.generation = (old.metadata.generation ?? 0) + 1
      if (!jsonEqual(endpoints, old.endpoints)) dropTopology(draft)
    },
    validate,
    validateUpdate: (slice, old) => [
      ...validate(slice),
      ...unchanged(slice.addressType, old.addressType, root.child('addressType')),
    ],
    warnings: (slice, old) => [
      ...(!old && slice.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
      ...endpointWarnings(slice),
    ],
  },
})

/** Nobody writes what is outdated: `nodeName` and `zone` say it. */
function dropTopology({ endpoints }: Draft<EndpointSlice>): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology
}

const ownControllers = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'])

/** Slices that a controller has written are nobody's to be told about. */
const endpointWarnings = ({ metadata: { labels }, endpoints }: EndpointSlice): string[] =>
  ownControllers.has(labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')
    ? []
    : (endpoints ?? []).flatMap(({ addresses }, i) =>
        addresses.flatMap((address, j) =>
          addressWarnings(address, root.child('endpoints').index(i).child('addresses').index(j)),
        ),
      )

/** Of ports and addresses so many are shown before it says how many more there are. */
const shown = 3

function shortened(values: readonly string[]): string {
  const more = values.length - shown
  if (values.length === 0) return unset
  return values.slice(0, shown).join(',') + (more > 0 ? ` + ${more} more...` : '')
}

function portsText({ ports }: EndpointSlice): string {
  return shortened((ports ?? []).map(({ name, port }) => (port === undefined ? (name ?? '') || '*' : String(port))))
}

function addressesText({ endpoints }: EndpointSlice): string {
  return shortened((endpoints ?? []).flatMap(({ addresses }) => addresses ?? []))
}

function validate({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const at = root.child('addressType')
  const errors = addressType
    ? addressTypes.includes(addressType)
      ? []
      : [notSupported(at, addressType, addressTypes)]
    : [required(at)]
  const list = root.child('endpoints')
  if ((endpoints?.length ?? 0) > mostEndpoints) return [...errors, tooMany(list, endpoints.length, mostEndpoints)]
  endpoints?.forEach((endpoint, i) => {
    errors.push(...validateEndpoint(endpoint, addressType, list.index(i)))
  })
  return [...errors, ...validatePorts(ports, root.child('ports'))]
}

function validateEndpoint(endpoint: Endpoint, addressType: string, at: FieldPath): FieldError[] {
  const { nodeName, hostname, hints, deprecatedTopology } = endpoint
  const addresses = endpoint.addresses ?? []
  const here = at.child('addresses')
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(required(here, 'must contain at least 1 address'))
  else if (addresses.length > mostAddresses) errors.push(tooMany(here, addresses.length, mostAddresses))
  addresses.forEach((address, i) => {
    errors.push(...validateAddress(address, addressType, here.index(i)))
  })
  if (nodeName !== undefined) errors.push(...invalidValues(at.child('nodeName'), nodeName, dns1123Subdomain(nodeName)))
  const topology = at.child('deprecatedTopology')
  const labels = Object.keys(deprecatedTopology ?? {}).length
  if (labels > mostTopologyLabels) errors.push(tooMany(topology, labels, mostTopologyLabels))
  errors.push(...validateLabels(deprecatedTopology, topology))
  if (hostname !== undefined) errors.push(...invalidValues(at.child('hostname'), hostname, dns1123Label(hostname)))
  for (const field of ['forZones', 'forNodes'] as const) {
    const names = new Set<string>()
    const list = hints?.[field] ?? []
    const hint = at.child('hints', field)
    if (list.length > mostHints) errors.push(tooMany(hint, list.length, mostHints))
    list.forEach(({ name }, i) => {
      if (names.has(name)) errors.push(duplicate(hint.index(i).child('name'), name))
      names.add(name)
      errors.push(
        ...invalidValues(
          hint.index(i).child('name'),
          name,
          field === 'forZones' ? labelValue(name) : dns1123Subdomain(name),
        ),
      )
    })
  }
  return errors
}

function validateAddress(address: string, addressType: string, at: FieldPath): FieldError[] {
  if (addressType === 'FQDN') return invalidValues(at, address, fullyQualifiedDomainName(address))
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const faults = invalidValues(at, address, ipAddress(address))
  if (faults.length > 0) return faults
  if (`IPv${parseIp(address)?.family}` !== addressType)
    return [invalidValue(at, address, `must be a valid ${addressType} address`)]
  return validateReachable(address, at)
}

function validatePorts(ports: EndpointSlice['ports'] | null, at: FieldPath): FieldError[] {
  if ((ports?.length ?? 0) > mostPorts) return [tooMany(at, ports?.length ?? 0, mostPorts)]
  const names = new Set<string>()
  return (ports ?? []).flatMap(({ name = '', protocol, appProtocol }, i) => {
    const here = at.index(i)
    const errors = name ? invalidValues(here.child('name'), name, dns1123Label(name)) : []
    if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    names.add(name)
    errors.push(...oneOf(protocol, ['SCTP', 'TCP', 'UDP'], here.child('protocol')))
    if (appProtocol !== undefined)
      errors.push(...invalidValues(here.child('appProtocol'), appProtocol, qualifiedName(appProtocol)))
    return errors
  })
}
