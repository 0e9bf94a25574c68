import { rfc3339 } from '../../../machinery/clock.js'
import { invalidValue, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { NodeSelectorTerm } from '../../core/v1/index.js'
import { validateNodeSelector } from '../../core/v1/validate-scheduling.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { subdomainName, unchanged } from '../../field-rules.js'
import { internalForm } from '../../internal-form.js'
import { validateSet } from '../../list-rules.js'
import { exactlyOne, validatePoolName } from './device-rules.js'
import { validateCounterSet, validateDevice } from './device-validation.js'
import { ResourceSlice, type ResourceSliceSpec } from './resource-slice.js'

const at = root.child('spec')

export const resourceSlices: Resource<ResourceSlice> = resource(ResourceSlice, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('Node', ({ spec }) => spec.nodeName ?? '', { field: 'spec.nodeName' }),
    textColumn('Driver', ({ spec }) => spec.driver, { field: 'spec.driver' }),
    textColumn('Pool', ({ spec }) => spec.pool.name, { field: 'spec.pool.name' }),
    ageColumn,
  ],
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.driver': ({ spec }) => spec.driver,
  },
  strategy: {
    generation: true,
    prepareForCreate(draft, { now }) {
      dropUnserved(draft, undefined)
      timeTaints(draft, now)
    },
    prepareForUpdate(draft, old, { now }) {
      dropUnserved(draft, old)
      timeTaints(draft, now)
    },
    validate,
    validateUpdate: validate,
  },
})

function timeTaints({ spec }: Draft<ResourceSlice>, now: number): void {
  for (const { taints } of spec.devices ?? []) for (const taint of taints ?? []) taint.timeAdded ??= rfc3339(now)
}

const lists = ['ints', 'bools', 'strings', 'versions'] as const

/** Fields of features that are off are dropped, unless they were written when those were on. */
function dropUnserved({ spec }: Draft<ResourceSlice>, old: ResourceSlice | undefined): void {
  const before = old?.spec.devices ?? []
  const hasLists = before.some(({ attributes = {} }) =>
    Object.values(attributes).some(attribute => lists.some(list => attribute[list] !== undefined)),
  )
  const hasMappings = before.some(
    ({ nodeAllocatableResourceMappings = {} }) => Object.keys(nodeAllocatableResourceMappings).length > 0,
  )
  for (const device of spec.devices ?? []) {
    if (!hasMappings) delete device.nodeAllocatableResourceMappings
    if (!hasLists)
      for (const attribute of Object.values(device.attributes ?? {})) for (const list of lists) delete attribute[list]
  }
}

const mostDevices = 128
/** Devices with taints or counters are larger. */
const mostLargeDevices = 64
const mostCounterSets = 8

function validate({ spec }: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const { driver, pool, devices } = spec
  const before = old?.spec
  const errors = [
    ...validateCsiDriverName(driver, at.child('driver')),
    ...validatePoolName(pool.name, at.child('pool', 'name')),
  ]
  if (pool.resourceSliceCount <= 0)
    errors.push(
      invalidValue(at.child('pool', 'resourceSliceCount'), pool.resourceSliceCount, 'must be greater than zero'),
    )
  if (pool.generation < 0)
    errors.push(invalidValue(at.child('pool', 'generation'), pool.generation, 'must be greater than or equal to zero'))
  if (before)
    errors.push(
      ...unchanged(pool.name, before.pool.name, at.child('pool', 'name')),
      ...unchanged(driver, before.driver, at.child('driver')),
      ...unchanged(spec.nodeName, before.nodeName, at.child('nodeName')),
    )
  errors.push(...validateNodes(spec))
  if (spec.sharedCounters && devices)
    errors.push(invalidValue(at, '', 'only one of `sharedCounters` or `devices` is allowed'))
  const areLarge = devices?.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length)
  return [
    ...errors,
    ...validateSet(
      devices,
      areLarge ? mostLargeDevices : mostDevices,
      at.child('devices'),
      (device, here) =>
        validateDevice(
          device,
          before?.devices?.find(({ name }) => name === device.name),
          here,
          spec.perDeviceNodeSelection === true,
        ),
      ({ name }) => name,
    ),
    ...validateSet(
      spec.sharedCounters,
      mostCounterSets,
      at.child('sharedCounters'),
      validateCounterSet,
      ({ name }) => name,
    ),
  ]
}

/** Which nodes may use the devices. */
function validateNodes({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: ResourceSliceSpec): FieldError[] {
  const errors: FieldError[] = []
  if (nodeName) errors.push(...subdomainName(nodeName, at.child('nodeName')))
  else if (nodeName !== undefined)
    errors.push(invalidValue(at.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string'))
  if (nodeSelector) {
    const { nodeSelectorTerms: terms } = nodeSelector
    errors.push(...validateNodeSelector(nodeSelector, at.child('nodeSelector')))
    if (terms?.length !== 1)
      errors.push(
        invalidValue(
          at.child('nodeSelector', 'nodeSelectorTerms'),
          new Shown(goJson(terms?.map(term => internalForm(NodeSelectorTerm, term)) ?? null)),
          'must have exactly one node selector term',
        ),
      )
  }
  for (const [field, value] of Object.entries({ allNodes, perDeviceNodeSelection }))
    if (value === false) errors.push(invalidValue(at.child(field), false, 'must be either unset or set to true'))
  const choices = { nodeName, nodeSelector, allNodes, perDeviceNodeSelection }
  const set = Object.entries(choices).flatMap(([name, value]) => (value ? [name] : []))
  return [...errors, ...exactlyOne(set, Object.keys(choices), at)]
}
