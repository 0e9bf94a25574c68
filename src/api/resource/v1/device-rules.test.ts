import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import { applyStaticDefaults, decodeJson } from '../../../schema/index.js'
import { forgetReturnedDevices, validateClaimStatus } from './claim-status.js'
import { ResourceClaim, ResourceSlice } from './index.js'
import { resourceClaims } from './resource-claims.js'
import { resourceSlices } from './resource-slices.js'

type Fields = { readonly [field: string]: unknown }

const told = (errors: readonly { readonly field: string; readonly message: string }[] | undefined): string[] =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`)

const sliceOf = (spec: Fields): ResourceSlice =>
  decodeJson(ResourceSlice, {
    kind: 'ResourceSlice',
    apiVersion: 'resource.k8s.io/v1',
    metadata: { name: 's' },
    spec: { driver: 'd.example', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'n', ...spec },
  })

const deviceOf = (device: Fields) => ({ devices: [{ name: 'd', ...device }] })
const capacityOf = (requestPolicy: Fields) =>
  deviceOf({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi', requestPolicy } } })

const slices: readonly (readonly [string, Fields, readonly string[]])[] = [
  ['nothing', deviceOf({ attributes: { model: { string: 'x' } } }), []],
  ['drivers in any case', { driver: 'D.example' }, []],
  [
    'a device without a name, an attribute without a value',
    { devices: [{ name: 'd', attributes: { 'a/': {} } }] },
    [
      'spec.devices[0].attributes[a/]: Invalid value: "": the name must not be empty',
      'spec.devices[0].attributes[a/]: Invalid value: "": exactly one value must be specified',
    ],
  ],
  [
    'nodes that only all devices together may name',
    deviceOf({ allNodes: true }),
    [
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
  ],
  [
    'counters beside devices, and none to consume',
    { ...deviceOf({ consumesCounters: [{ counterSet: 'c' }] }), sharedCounters: [{ name: '' }] },
    [
      'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
      'spec.devices[0].consumesCounters[0].counters: Required value',
      'spec.sharedCounters[0].name: Required value',
      'spec.sharedCounters[0].counters: Required value',
    ],
  ],
  [
    'a policy for a device of one',
    deviceOf({ capacity: { memory: { value: '1Gi', requestPolicy: { validValues: ['1Gi'] } } } }),
    ['spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
  ],
  ['a policy', capacityOf({ default: '1Gi', validRange: { min: '1Gi', max: '9Gi', step: '2Gi' } }), []],
  [
    'options out of order, none of them the default',
    capacityOf({ default: '3Gi', validValues: ['2Gi', '1Gi'] }),
    [
      'spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order',
      'spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy',
    ],
  ],
  [
    'hopes without fears',
    deviceOf({ bindingConditions: ['ready'] }),
    [
      'spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
    ],
  ],
]

function claimOf(request: Fields, spec: Fields = {}, status: Fields = {}): ResourceClaim {
  const claim = decodeJson(ResourceClaim, {
    kind: 'ResourceClaim',
    apiVersion: 'resource.k8s.io/v1',
    metadata: { name: 'c', namespace: 'n' },
    spec: { devices: { requests: [{ name: 'r', ...request }], ...spec } },
    status,
  }) as Draft<ResourceClaim>
  applyStaticDefaults(ResourceClaim, claim)
  resourceClaims.defaults?.(claim)
  return claim
}

const exactly = { exactly: { deviceClassName: 'c' } }
const unknown = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

const claims: readonly (readonly [string, ResourceClaim, readonly string[]])[] = [
  ['nothing', claimOf(exactly, { constraints: [{ requests: ['r'], matchAttribute: 'd.example/a' }] }), []],
  [
    'two ways at once',
    claimOf({ ...exactly, firstAvailable: [{ name: 'a', deviceClassName: 'c' }] }),
    [
      'spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    ],
  ],
  [
    'an alternative nobody knows',
    claimOf(exactly, { config: [{ requests: ['r/a'], opaque: { driver: 'd.example', parameters: {} } }] }),
    [`spec.devices.config[0].requests[0]: Invalid value: "r/a": ${unknown}`],
  ],
]

const result = { request: 'r', driver: 'd.example', pool: 'p', device: 'd' }
const allocation = { devices: { results: [result] } }
const user = { resource: 'pods', name: 'p', uid: 'u' }

const statuses: readonly (readonly [string, Fields, Fields, readonly string[]])[] = [
  ['devices and their user', {}, { allocation, reservedFor: [user] }, []],
  [
    'a user of nothing',
    {},
    { reservedFor: [user] },
    ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set'],
  ],
  [
    'other devices',
    { allocation },
    { allocation: { devices: {} } },
    [
      'status.allocation: Invalid value: {"Devices":{"Results":null,"Config":null},"NodeSelector":null,"AllocationTimestamp":null}: field is immutable',
    ],
  ],
  [
    'a device it does not have',
    { allocation },
    { allocation, devices: [{ driver: 'd.example', pool: 'p', device: 'x', networkData: { ips: ['10.0.0.1'] } }] },
    [
      'status.devices[0]: Invalid value: d.example/p/x: must be an allocated device in the claim',
      'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    ],
  ],
]

const writer = { user: { username: 'u', groups: [] }, now: 0 } as never

describe('devices', () => {
  for (const [name, spec, expected] of slices)
    it(`of slices are told: ${name}`, () =>
      assert.deepEqual(told(resourceSlices.strategy.validate?.(sliceOf(spec))), expected))
  for (const [name, claim, expected] of claims)
    it(`of claims are told: ${name}`, () => assert.deepEqual(told(resourceClaims.strategy.validate?.(claim)), expected))
  for (const [name, old, status, expected] of statuses)
    it(`are allocated: ${name}`, () =>
      assert.deepEqual(told(validateClaimStatus(claimOf(exactly, {}, status), claimOf(exactly, {}, old))), expected))
  it('of slices lose what features that are off would need, unless they have had it', () => {
    const { prepareForCreate, prepareForUpdate } = resourceSlices.strategy
    const attributes = { a: { ints: [1] }, b: { int: 1 } }
    const draft = () =>
      sliceOf(deviceOf({ attributes, nodeAllocatableResourceMappings: { cpu: {} } })) as Draft<ResourceSlice>
    const made = draft()
    prepareForCreate?.(made, writer)
    assert.deepEqual(made.spec.devices, [{ name: 'd', attributes: { a: {}, b: { int: 1 } } }])
    const kept = draft()
    prepareForUpdate?.(kept, draft() as ResourceSlice, writer)
    assert.deepEqual(kept, draft())
  })
  it('that are given back take with them what is told of them', () => {
    const device = { driver: 'd.example', pool: 'p', device: 'd' }
    const old = claimOf(exactly, {}, { allocation, devices: [device] })
    for (const [status, left] of [
      [{ devices: [device] }, 0],
      [{ allocation, devices: [device] }, 1],
    ] as const) {
      const claim = claimOf(exactly, {}, status) as Draft<ResourceClaim>
      forgetReturnedDevices(claim, old)
      assert.equal(claim.status.devices?.length ?? 0, left)
    }
  })
})
