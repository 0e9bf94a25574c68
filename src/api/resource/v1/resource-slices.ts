import { rfc3339 } from '../../../machinery/clock.js'
import {
  duplicate,
  invalidValue,
  invalidValues,
  required,
  Shown,
  tooLong,
  tooMany,
} from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { validateNodeSelector } from '../../core/v1/validate-scheduling.js'
import { unchanged } from '../../field-rules.js'
import type { Device, DeviceAttribute } from './device.js'
import {
  exactlyOne,
  validateDeviceTaint,
  validateDriverName,
  validatePoolName,
  validateQualifiedIdentifier,
} from './device-rules.js'
import { ResourceSlice } from './resource-slice.js'

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
      for (const { taints } of draft.spec.devices ?? [])
        for (const taint of taints ?? []) taint.timeAdded ??= rfc3339(now)
    },
    prepareForUpdate(draft, _old, { now }) {
      for (const { taints } of draft.spec.devices ?? [])
        for (const taint of taints ?? []) taint.timeAdded ??= rfc3339(now)
    },
    validate,
    validateUpdate: (slice, old) => [
      ...validate(slice),
      ...unchanged(slice.spec.driver, old.spec.driver, at.child('driver')),
      ...unchanged(slice.spec.pool.name, old.spec.pool.name, at.child('pool', 'name')),
      ...unchanged(slice.spec.nodeName, old.spec.nodeName, at.child('nodeName')),
    ],
  },
})

const mostDevices = 128
const mostAttributes = 32
const longestValue = 64

function validate({ spec }: ResourceSlice): FieldError[] {
  const { driver, pool, nodeName, nodeSelector, allNodes, perDeviceNodeSelection, devices = [] } = spec
  const errors = validateDriverName(driver, at.child('driver'))
  errors.push(...validatePoolName(pool.name, at.child('pool', 'name')))
  if (pool.resourceSliceCount <= 0)
    errors.push(
      invalidValue(at.child('pool', 'resourceSliceCount'), pool.resourceSliceCount, 'must be greater than zero'),
    )
  if (pool.generation < 0)
    errors.push(invalidValue(at.child('pool', 'generation'), pool.generation, 'must be greater than or equal to zero'))
  const choices = { nodeName, nodeSelector, allNodes, perDeviceNodeSelection }
  const set = Object.entries(choices).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (nodeName !== undefined)
    errors.push(
      ...(nodeName
        ? invalidValues(at.child('nodeName'), nodeName, dns1123Subdomain(nodeName))
        : [invalidValue(at.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string')]),
    )
  if (nodeSelector) {
    errors.push(...validateNodeSelector(nodeSelector, at.child('nodeSelector')))
    if (nodeSelector.nodeSelectorTerms?.length !== 1)
      errors.push(
        invalidValue(
          at.child('nodeSelector', 'nodeSelectorTerms'),
          nodeSelector.nodeSelectorTerms,
          'must have exactly one node selector term',
        ),
      )
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const)
    if (spec[field] === false) errors.push(invalidValue(at.child(field), false, 'must be either unset or set to true'))
  errors.push(...exactlyOne(set, Object.keys(choices), at))
  if (devices.length > mostDevices) errors.push(tooMany(at.child('devices'), devices.length, mostDevices))
  const names = new Set<string>()
  devices.forEach((device, i) => {
    {
      const here = at.child('devices').index(i)
      errors.push(...validateDevice(device, here, perDeviceNodeSelection === true))
      if (names.has(device.name)) errors.push(duplicate(here, device.name))
      names.add(device.name)
    }
  })
  return errors
}

function validateDevice(device: Device, here: FieldPath, choosesNodes: boolean): FieldError[] {
  const { name, attributes = {}, capacity = {}, taints = [], nodeName, nodeSelector, allNodes } = device
  const errors = name ? invalidValues(here.child('name'), name, dns1123Label(name)) : [required(here.child('name'))]
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > mostAttributes)
    errors.push(
      invalidValue(here, count, `the total number of attributes and capacities must not exceed ${mostAttributes}`),
    )
  for (const [key, attribute] of Object.entries(attributes)) {
    const place = here.child('attributes').key(key)
    errors.push(...validateQualifiedIdentifier(key, place), ...validateAttribute(attribute, place))
  }
  for (const key of Object.keys(capacity))
    errors.push(...validateQualifiedIdentifier(key, here.child('capacity').key(key)))
  taints.forEach((taint, i) => {
    errors.push(...validateDeviceTaint(taint, here.child('taints').index(i)))
  })
  const choices = { nodeName, nodeSelector, allNodes }
  const set = Object.entries(choices).flatMap(([field, value]) => (value === undefined ? [] : [field]))
  if (choosesNodes) errors.push(...exactlyOne(set, Object.keys(choices), here))
  else
    for (const field of set)
      errors.push(
        invalidValue(
          here.child(field),
          choices[field as keyof typeof choices],
          'may only be set when `spec.perDeviceNodeSelection` is true',
        ),
      )
  return errors
}

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/

function validateAttribute(attribute: DeviceAttribute, here: FieldPath): FieldError[] {
  const { int, bool, string, version, ints, bools, strings, versions } = attribute
  const errors: FieldError[] = []
  const text = (value: string, place: FieldPath): void => {
    if (Buffer.byteLength(value) > longestValue) errors.push(tooLong(place, longestValue))
  }
  const versionText = (value: string, place: FieldPath): void => {
    text(value, place)
    if (!semver.test(value))
      errors.push(invalidValue(place, value, 'must be a string compatible with semver.org spec 2.0.0'))
  }
  if (string !== undefined) text(string, here.child('string'))
  if (version !== undefined) versionText(version, here.child('version'))
  strings?.forEach((value, i) => {
    text(value, here.child('strings').index(i))
  })
  versions?.forEach((value, i) => {
    versionText(value, here.child('versions').index(i))
  })
  const set = [int, bool, string, version, ints, bools, strings, versions].filter(value => value !== undefined)
  if (set.length === 0) errors.push(required(here, 'exactly one value must be specified'))
  if (set.length > 1) {
    const shown = {
      IntValue: int ?? null,
      BoolValue: bool ?? null,
      StringValue: string ?? null,
      VersionValue: version ?? null,
      IntValues: ints ?? null,
      BoolValues: bools ?? null,
      StringValues: strings ?? null,
      VersionValues: versions ?? null,
    }
    errors.push(invalidValue(here, new Shown(goJson(shown)), 'exactly one value must be specified'))
  }
  return errors
}
