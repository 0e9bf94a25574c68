import { forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { type Cidr, cidr, cidrContains, type KnownTexts, parseCidr } from '../../../machinery/ip-address.js'
import { printLabelSelector } from '../../../machinery/labels.js'
import { portNumber } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { networkWarnings } from '../../address-warnings.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { oneOf, portReference } from '../../field-rules.js'
import { type IPBlock, NetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort } from './network-policy.js'

export const networkPolicies: Resource<NetworkPolicy> = resource(NetworkPolicy, {
  shortNames: ['netpol'],
  columns: [
    nameColumn,
    textColumn('Pod-Selector', ({ spec }) => printLabelSelector(spec.podSelector), { field: 'spec.podSelector' }),
    ageColumn,
  ],
  defaults({ spec }) {
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of ports ?? []) port.protocol ??= 'TCP'
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
  },
  strategy: { generation: true, validate, validateUpdate: (now, old) => validate(now, blocksOf(old)), warnings },
})

function warnings({ spec: { ingress = [], egress = [] } }: NetworkPolicy): string[] {
  const at = root.child('spec')
  return [
    ...ingress.flatMap(({ from }, i) => peerWarnings(from, at.child('ingress').index(i).child('from'))),
    ...egress.flatMap(({ to }, i) => peerWarnings(to, at.child('egress').index(i).child('to'))),
  ]
}

const peerWarnings = (peers: readonly NetworkPolicyPeer[] | undefined, at: FieldPath): string[] =>
  (peers ?? []).flatMap(({ ipBlock }, i) => {
    if (!ipBlock) return []
    const here = at.index(i).child('ipBlock')
    return [
      ...networkWarnings(ipBlock.cidr, here.child('cidr')),
      ...(ipBlock.except ?? []).flatMap((text, j) => networkWarnings(text, here.child('except').index(j))),
    ]
  })

/** All blocks of addresses that a policy names: they may stay as they are written. */
const blocksOf = ({ spec: { ingress = [], egress = [] } }: NetworkPolicy): KnownTexts =>
  new Set(
    [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)].flatMap(({ ipBlock }) =>
      ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [],
    ),
  )

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
function validate({ spec }: NetworkPolicy, known?: KnownTexts): FieldError[] {
  const at = root.child('spec')
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = spec
  const errors = validateLabelSelector(podSelector, at.child('podSelector'))
  ingress.forEach(({ ports, from }, i) => {
    {
      const here = at.child('ingress').index(i)
      errors.push(...validatePorts(ports, here.child('ports')), ...validatePeers(from, here.child('from'), known))
    }
  })
  egress.forEach(({ ports, to }, i) => {
    {
      const here = at.child('egress').index(i)
      errors.push(...validatePorts(ports, here.child('ports')), ...validatePeers(to, here.child('to'), known))
    }
  })
  const types = at.child('policyTypes')
  if (policyTypes.length > 2)
    return [...errors, invalidValue(types, policyTypes, 'may not specify more than two policyTypes')]
  return [...errors, ...policyTypes.flatMap((type, i) => oneOf(type, ['Ingress', 'Egress'], types.index(i)))]
}

const validatePorts = (ports: readonly NetworkPolicyPort[] | undefined, at: FieldPath): FieldError[] =>
  (ports ?? []).flatMap(({ protocol, port, endPort }, i) => {
    const here = at.index(i)
    const errors = oneOf(protocol, ['TCP', 'UDP', 'SCTP'], here.child('protocol'))
    if (port !== undefined) errors.push(...portReference(port, here.child('port')))
    if (endPort === undefined) return errors
    const end = here.child('endPort')
    if (port === undefined) errors.push(invalidValue(end, endPort, 'may not be specified when `port` is not specified'))
    else if (typeof port === 'string')
      errors.push(invalidValue(end, endPort, 'may not be specified when `port` is non-numeric'))
    else {
      if (endPort < port) errors.push(invalidValue(end, port, 'must be greater than or equal to `port`'))
      errors.push(...invalidValues(end, endPort, portNumber(endPort)))
    }
    return errors
  })

const validatePeers = (
  peers: readonly NetworkPolicyPeer[] | undefined,
  at: FieldPath,
  known: KnownTexts | undefined,
): FieldError[] =>
  (peers ?? []).flatMap(({ podSelector, namespaceSelector, ipBlock }, i) => {
    const here = at.index(i)
    const errors = [
      ...validateLabelSelector(podSelector, here.child('podSelector')),
      ...validateLabelSelector(namespaceSelector, here.child('namespaceSelector')),
      ...(ipBlock ? validateBlock(ipBlock, here.child('ipBlock'), known) : []),
    ]
    if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(here, 'must specify a peer'))
    if (ipBlock && (podSelector || namespaceSelector))
      errors.push(forbiddenField(here, 'may not specify both ipBlock and another peer'))
    return errors
  })

function validateBlock({ cidr: text, except = [] }: IPBlock, at: FieldPath, known?: KnownTexts): FieldError[] {
  if (!text) return [required(at.child('cidr'))]
  const faults = invalidValues(at.child('cidr'), text, cidr(text, known))
  const block = parseCidr(text)
  if (!block) return faults
  return [
    ...faults,
    ...except.flatMap((excluded, i) => validateExcept(excluded, block, at.child('except').index(i), known)),
  ]
}

function validateExcept(excluded: string, block: Cidr, at: FieldPath, known?: KnownTexts): FieldError[] {
  const errors = invalidValues(at, excluded, cidr(excluded, known))
  const inner = parseCidr(excluded)
  if (!inner) return errors
  const within =
    inner.family === block.family &&
    inner.prefix > block.prefix &&
    cidrContains(block, { family: inner.family, value: inner.network })
  return within ? errors : [...errors, invalidValue(at, excluded, 'must be a strict subset of `cidr`')]
}
