import {
  duplicate,
  forbiddenField,
  internalFieldError,
  invalidValue,
  invalidValues,
} from '../../../machinery/field-errors.js'
import { cidr, parseCidr } from '../../../machinery/ip-address.js'
import { root } from '../../../machinery/path.js'
import { copyField, type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { networkWarnings } from '../../address-warnings.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { shownInternally } from '../../internal-form.js'
import { keepStatus } from '../../status-apart.js'
import { Node, NodeAddress } from './node.js'
import { validateResourceQuantity } from './resource-quantities.js'
import { validateTaints } from './taints.js'

export const nodes: Resource<Node> = resource(Node, {
  storagePrefix: 'minions',
  shortNames: ['no'],
  columns: [
    nameColumn,
    textColumn('Status', statusText, { description: 'The status of the node' }),
    textColumn('Roles', rolesText, { description: 'The roles of the node' }),
    ageColumn,
    textColumn('Version', ({ status }) => status.nodeInfo.kubeletVersion, { field: 'status.nodeInfo.kubeletVersion' }),
    textColumn('Internal-IP', node => addressOf(node, 'InternalIP'), { wide: true, field: 'status.addresses' }),
    textColumn('External-IP', node => addressOf(node, 'ExternalIP'), { wide: true, field: 'status.addresses' }),
    textColumn('OS-Image', ({ status }) => status.nodeInfo.osImage || unknown, {
      wide: true,
      field: 'status.nodeInfo.osImage',
    }),
    textColumn('Kernel-Version', kernelText, { wide: true, field: 'status.nodeInfo.kernelVersion' }),
    textColumn('Container-Runtime', ({ status }) => status.nodeInfo.containerRuntimeVersion || unknown, {
      wide: true,
      field: 'status.nodeInfo.containerRuntimeVersion',
    }),
  ],
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  subresources: [
    {
      type: 'connect',
      name: 'proxy',
      gvk: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusView({ validateUpdate }),
  ],
  defaults({ spec, status }) {
    defaultPodCidrs(spec)
    if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
  },
  strategy: {
    resetFields: ['status'],
    prepareForCreate({ spec }) {
      delete spec.configSource
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      copyField(draft.spec as Record<string, unknown>, old.spec, 'configSource')
    },
    validate,
    // Upstream looks at a changed node as at a new one, too, and tells of some faults twice.
    validateUpdate: (node, old) => [...validate(node), ...validateUpdate(node, old)],
    metadataLooks: { asNew: 1 },
    warnings: ({ spec: { externalID, podCIDRs = [] } }) => [
      ...(externalID ? [`${spec.child('externalID')}: this field is deprecated, and is unused by Kubernetes`] : []),
      ...podCIDRs.flatMap((text, i) => networkWarnings(text, spec.child('podCIDRs').index(i))),
    ],
  },
})

/** The single network and the first of the list are the same thing; the older field decides. */
function defaultPodCidrs(spec: Draft<Node['spec']>): void {
  const [first] = spec.podCIDRs ?? []
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR]
  else if (!spec.podCIDR && first) spec.podCIDR = first
}

const unknown = '<unknown>'

function kernelText({ status }: Node): string {
  const { kernelVersion, architecture } = status.nodeInfo
  if (!kernelVersion) return unknown
  return architecture ? `${kernelVersion} (${architecture})` : kernelVersion
}

function statusText({ status, spec }: Node): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function rolesText({ metadata }: Node): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)]
    return key === 'kubernetes.io/role' && value ? [value] : []
  })
  return roles.length > 0 ? [...new Set(roles)].sort().join(',') : none
}

const addressOf = ({ status }: Node, wanted: string): string =>
  status.addresses?.find(({ type }) => type === wanted)?.address ?? none

const spec = root.child('spec')
const taintsAt = root.child('metadata', 'taints')

function validate(node: Node): FieldError[] {
  const errors = [
    ...validateTaints(node.spec.taints, taintsAt),
    ...validateAmounts(node),
    ...validateFeatures(node.status.declaredFeatures),
  ]
  const cidrs = node.spec.podCIDRs ?? []
  const at = spec.child('podCIDRs')
  cidrs.forEach((text, i) => {
    errors.push(...invalidValues(at.index(i), text, cidr(text)))
  })
  if (cidrs.length < 2) return errors
  const families = new Set(cidrs.map(text => parseCidr(text)?.family))
  if (families.has(undefined)) {
    const bad = cidrs.find(text => !parseCidr(text))
    const why = `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${cidrs.indexOf(bad ?? '')}]: <nil> (invalid CIDR address: ${bad})`
    errors.push(internalFieldError(at, why))
  }
  if (families.size !== 2 || cidrs.length > 2)
    errors.push(invalidValue(at, cidrs, 'may specify no more than one CIDR for each IP family'))
  cidrs.forEach((text, i) => {
    if (cidrs.indexOf(text) < i) errors.push(duplicate(at.index(i), text))
  })
  return errors
}

const validateAmounts = ({ status }: Node): FieldError[] =>
  (['capacity', 'allocatable'] as const).flatMap(list =>
    Object.entries(status[list] ?? {}).flatMap(([name, quantity]) =>
      validateResourceQuantity(name, quantity, root.child('status', list, name)),
    ),
  )

const longestFeature = 253
const featureName = /^[A-Z][A-Za-z0-9]*(\/[A-Za-z0-9]+)*$/

/** What a node says it can do, in order. */
const validateFeatures = (features: readonly string[] = []): FieldError[] =>
  features.flatMap((name, i) => {
    const at = root.child('status', 'declaredFeatures')
    const fault =
      name.length > longestFeature
        ? `must be no more than ${longestFeature} characters`
        : featureName.test(name)
          ? undefined
          : "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
    const errors = fault
      ? [invalidValue(at.index(i), name, `invalid feature name ${JSON.stringify(name)}: ${fault}`)]
      : []
    const next = features[i + 1]
    if (next === name) errors.push(duplicate(at.index(i + 1), next))
    else if (next !== undefined && name > next)
      errors.push(invalidValue(at.index(i + 1), next, 'list must be sorted alphabetically'))
    return errors
  })

function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors = [...validateFeatures(node.status.declaredFeatures), ...validateAmounts(node)]
  const addresses = new Set<string>()
  node.status.addresses?.forEach((address, i) => {
    const key = `${address.type} ${address.address}`
    if (addresses.has(key))
      errors.push(duplicate(root.child('status', 'addresses').index(i), shownInternally(NodeAddress, address)))
    addresses.add(key)
  })
  const before = old.spec.podCIDRs ?? []
  const after = node.spec.podCIDRs ?? []
  const changes = before.length === after.length ? before.filter((text, i) => text !== after[i]).length : 1
  if (before.length > 0)
    for (let i = 0; i < changes; i++)
      errors.push(forbiddenField(spec.child('podCIDRs'), 'node updates may not change podCIDR except from "" to valid'))
  if (old.spec.providerID && node.spec.providerID !== old.spec.providerID)
    errors.push(
      forbiddenField(spec.child('providerID'), 'node updates may not change providerID except from "" to valid'),
    )
  errors.push(...validateTaints(node.spec.taints, taintsAt))
  if ((node.spec.externalID ?? '') !== (old.spec.externalID ?? ''))
    errors.push(forbiddenField(spec.child('externalID'), 'may not be updated'))
  return errors
}
