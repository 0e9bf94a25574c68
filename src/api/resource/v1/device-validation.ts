import { invalidValue, required, Shown, tooLong } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateNodeSelector } from '../../core/v1/validate-scheduling.js'
import { labelName, subdomainName } from '../../field-rules.js'
import { validateEntries, validateItems, validateSet } from '../../list-rules.js'
import { validateCapacity } from './capacity-rules.js'
import type { Counter, CounterSet, Device, DeviceAttribute } from './device.js'
import { validateBindings, validateDeviceTaint, validateQualifiedIdentifier } from './device-rules.js'

const mostAttributes = 32
const mostTaints = 16
const mostConsumptions = 2
const mostCounters = 32
const longestValue = 64

/** A device of a slice; `choosesNodes` says that each device of it names its nodes. */
export function validateDevice(
  device: Device,
  old: Device | undefined,
  here: FieldPath,
  choosesNodes: boolean,
): FieldError[] {
  const { name, attributes = {}, capacity = {}, taints, consumesCounters } = device
  const errors = labelName(name, here.child('name'))
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > mostAttributes)
    errors.push(
      invalidValue(here, count, `the total number of attributes and capacities must not exceed ${mostAttributes}`),
    )
  const shared = device.allowMultipleAllocations === true
  errors.push(
    ...validateEntries(
      attributes,
      Number.POSITIVE_INFINITY,
      here.child('attributes'),
      validateQualifiedIdentifier,
      validateAttribute,
    ),
    ...validateEntries(
      capacity,
      Number.POSITIVE_INFINITY,
      here.child('capacity'),
      validateQualifiedIdentifier,
      (amount, at) => validateCapacity(amount, shared, at),
    ),
  )
  if (!old || !jsonEqual(old.taints, taints))
    errors.push(...validateItems(taints, mostTaints, here.child('taints'), validateDeviceTaint))
  return [
    ...errors,
    ...validateSet(
      consumesCounters,
      mostConsumptions,
      here.child('consumesCounters'),
      ({ counterSet, counters }, at) => [
        ...counterName(counterSet, at.child('counterSet')),
        ...validateCounters(counters, at.child('counters')),
      ],
      ({ counterSet }) => counterSet,
    ),
    ...validateNodes(device, here, choosesNodes),
    ...validateBindings(device, here),
  ]
}

/** Counters that devices of a pool share. */
export const validateCounterSet = ({ name, counters }: CounterSet, at: FieldPath): FieldError[] => [
  ...counterName(name, at.child('name')),
  ...validateCounters(counters, at.child('counters')),
]

const counterName = (name: string, at: FieldPath): FieldError[] => (name ? labelName(name, at) : [required(at)])

const validateCounters = (counters: { readonly [name: string]: Counter } | undefined, at: FieldPath): FieldError[] =>
  Object.keys(counters ?? {}).length === 0 ? [required(at)] : validateEntries(counters, mostCounters, at, labelName)

function validateNodes(device: Device, here: FieldPath, choosesNodes: boolean): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device
  if (!choosesNodes)
    return nodeName !== undefined || nodeSelector || allNodes !== undefined
      ? [
          invalidValue(
            here,
            null,
            '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
          ),
        ]
      : []
  const errors: FieldError[] = []
  if (nodeName) errors.push(...subdomainName(nodeName, here.child('nodeName')))
  else if (nodeName !== undefined) errors.push(invalidValue(here.child('nodeName'), nodeName, 'must not be empty'))
  if (nodeSelector) errors.push(...validateNodeSelector(nodeSelector, here.child('nodeSelector')))
  if (allNodes === false)
    errors.push(invalidValue(here.child('allNodes'), allNodes, 'must be either unset or set to true'))
  const set = Object.entries({ nodeName, nodeSelector, allNodes }).flatMap(([name, value]) => (value ? [name] : []))
  const detail =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (set.length === 0) errors.push(required(here, detail))
  if (set.length > 1) errors.push(invalidValue(here, `{${set.map(name => `\`${name}\``).join(', ')}}`, detail))
  return errors
}

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/

function validateAttribute(attribute: DeviceAttribute, here: FieldPath): FieldError[] {
  const { int, bool, string, version, ints, bools, strings, versions } = attribute
  const errors: FieldError[] = []
  const text = (value: string, place: FieldPath): void => {
    if (Buffer.byteLength(value) > longestValue) errors.push(tooLong(place, longestValue))
  }
  const versionText = (value: string, place: FieldPath): void => {
    if (!semver.test(value))
      errors.push(invalidValue(place, value, 'must be a string compatible with semver.org spec 2.0.0'))
    text(value, place)
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
  if (set.length === 0) errors.push(invalidValue(here, '', 'exactly one value must be specified'))
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
