import {
  forbiddenField,
  immutable,
  invalidValue,
  notSupported,
  required,
  Shown,
  tooLong,
  tooMany,
} from '../../../machinery/field-errors.js'
import { formatIp, parseIp } from '../../../machinery/ip-address.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { validateConditions } from '../../condition-rules.js'
import { validateNodeSelector } from '../../core/v1/validate-scheduling.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { labelName } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { validateItems, validateSet } from '../../list-rules.js'
import { mostRequests, type RequestNames, requestNames, validateRequestName } from './claim-rules.js'
import {
  mostConfigurations,
  validateBindings,
  validateConfiguration,
  validateParameters,
  validatePoolName,
} from './device-rules.js'
import {
  type AllocatedDeviceStatus,
  AllocationResult,
  type DeviceAllocationConfiguration,
  type DeviceRequestAllocationResult,
  type NetworkDeviceData,
  type ResourceClaim,
} from './resource-claim.js'

const mostConsumers = 256
const mostResults = 32
const mostConditions = 8
const mostAddresses = 16
const longestInterface = 256
const longestHardwareAddress = 128
const longestData = 10 * 1024
const status = root.child('status')

/** What has been allocated to a claim, who uses it, and what drivers tell about the devices. */
export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor = [], devices } = claim.status
  const here = status.child('reservedFor')
  const errors = validateSet(
    reservedFor,
    mostConsumers,
    here,
    ({ resource: plural, name, uid }, at) =>
      Object.entries({ resource: plural, name, uid }).flatMap(([field, value]) =>
        value ? [] : [required(at.child(field))],
      ),
    ({ uid }) => uid,
  )
  const allocated = new Set(allocation?.devices.results?.map(deviceIdentity))
  errors.push(
    ...validateSet(
      devices,
      Number.POSITIVE_INFINITY,
      status.child('devices'),
      (device, at) => validateDeviceStatus(device, allocated, at),
      deviceIdentity,
    ),
  )
  if (reservedFor.length > 0 && !allocation)
    errors.push(forbiddenField(here, 'may not be specified when `allocated` is not set'))
  const added = reservedFor.some(user => !old.status.reservedFor?.some(before => jsonEqual(before, user)))
  if (allocation && claim.metadata.deletionTimestamp && added)
    errors.push(
      forbiddenField(here, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'),
    )
  const at = status.child('allocation')
  if (!allocation) return errors
  if (!old.status.allocation) return [...errors, ...validateAllocation(allocation, requestNames(claim.spec), at)]
  return jsonEqual(old.status.allocation, allocation)
    ? errors
    : [...errors, invalidValue(at, shownInternally(AllocationResult, allocation), immutable)]
}

/** What drivers told about devices goes with them: nobody has to take it back who takes back the devices. */
export function forgetReturnedDevices({ status }: Draft<ResourceClaim>, old: ResourceClaim): void {
  const nameOf = ({ driver, pool, device }: DeviceReference): string => [driver, pool, device].join('/')
  const returned = new Set(old.status.allocation?.devices.results?.map(nameOf))
  for (const kept of status.allocation?.devices.results ?? []) returned.delete(nameOf(kept))
  if (!status.devices || returned.size === 0) return
  const devices = status.devices.filter(device => !returned.has(nameOf(device)))
  if (devices.length > 0) status.devices = devices
  else delete status.devices
}

interface DeviceReference {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

const deviceIdentity = ({ driver, pool, device, shareID }: DeviceReference): string =>
  [driver, pool, device, ...(shareID ? [shareID] : [])].join('/')

function validateAllocation({ devices, nodeSelector }: AllocationResult, names: RequestNames, at: FieldPath) {
  return [
    ...validateItems(devices.results, mostResults, at.child('devices', 'results'), (result, here) =>
      validateResult(result, names, here),
    ),
    ...validateItems(devices.config, 2 * mostConfigurations, at.child('devices', 'config'), (configuration, here) =>
      validateAllocationConfiguration(configuration, names, here),
    ),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, at.child('nodeSelector')) : []),
  ]
}

const validateResult = (result: DeviceRequestAllocationResult, names: RequestNames, at: FieldPath): FieldError[] => [
  ...validateRequestName(result.request, names, at.child('request')),
  ...validateCsiDriverName(result.driver, at.child('driver')),
  ...validatePoolName(result.pool, at.child('pool')),
  ...labelName(result.device, at.child('device')),
  ...validateBindings(result, at),
  ...validateShare(result.shareID, at.child('shareID')),
]

const sources = ['FromClaim', 'FromClass']

const validateAllocationConfiguration = (
  configuration: DeviceAllocationConfiguration,
  names: RequestNames,
  at: FieldPath,
): FieldError[] => [
  ...(!configuration.source
    ? [required(at.child('source'))]
    : sources.includes(configuration.source)
      ? []
      : [notSupported(at.child('source'), configuration.source, sources)]),
  ...validateSet(
    configuration.requests,
    mostRequests,
    at.child('requests'),
    (name, here) => validateRequestName(name, names, here),
    name => name,
  ),
  ...validateConfiguration(configuration, at),
]

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const identity = deviceIdentity(device)
  return [
    ...validateCsiDriverName(device.driver, at.child('driver')),
    ...validatePoolName(device.pool, at.child('pool')),
    ...labelName(device.device, at.child('device')),
    ...validateShare(device.shareID, at.child('shareID')),
    ...(allocated.has(identity)
      ? []
      : [invalidValue(at, new Shown(identity), 'must be an allocated device in the claim')]),
    ...((device.conditions?.length ?? 0) > mostConditions
      ? [tooMany(at.child('conditions'), device.conditions.length, mostConditions)]
      : []),
    ...validateConditions(device.conditions, at.child('conditions')),
    ...(device.data === undefined ? [] : validateParameters(device.data, at.child('data'), longestData)),
    ...(device.networkData ? validateNetwork(device.networkData, at.child('networkData')) : []),
  ]
}

function validateNetwork({ interfaceName, hardwareAddress, ips }: NetworkDeviceData, at: FieldPath): FieldError[] {
  return [
    ...((interfaceName?.length ?? 0) > longestInterface ? [tooLong(at.child('interfaceName'), longestInterface)] : []),
    ...((hardwareAddress?.length ?? 0) > longestHardwareAddress
      ? [tooLong(at.child('hardwareAddress'), longestHardwareAddress)]
      : []),
    ...validateSet(ips, mostAddresses, at.child('ips'), validateInterfaceAddress, address => address),
  ]
}

/** An address with the length of its network: `10.9.8.7/24`. */
function validateInterfaceAddress(text: string, at: FieldPath): FieldError[] {
  const slash = text.lastIndexOf('/')
  const address = parseIp(text.slice(0, Math.max(slash, 0)))
  const bits = /^\d+$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : -1
  if (!address || bits < 0 || bits > (address.family === 4 ? 32 : 128))
    return [invalidValue(at, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')]
  const canonical = `${formatIp(address)}/${bits}`
  return canonical === text ? [] : [invalidValue(at, text, `must be in canonical form ("${canonical}")`)]
}

const uid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function validateShare(share: string | undefined, at: FieldPath): FieldError[] {
  if (share === undefined || uid.test(share)) return []
  if (uid.test(share.toLowerCase()))
    return [
      invalidValue(
        at,
        share,
        'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
      ),
    ]
  const fault = share.length === 36 ? 'invalid UUID format' : `invalid UUID length: ${share.length}`
  return [invalidValue(at, share, `error validating uid: ${fault}`)]
}
