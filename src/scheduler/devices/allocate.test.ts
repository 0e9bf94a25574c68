import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeviceClass, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { decodeJson } from '../../schema/index.js'
import { nodeOf } from '../test-cluster.js'
import { allocate } from './allocate.js'
import { poolOf } from './device-pools.js'
import { DevicesInUse } from './devices-in-use.js'

const driver = 'gpu.example.com'

const slice = (devices: readonly object[], more: object = {}, count = 1): ResourceSlice =>
  decodeJson(ResourceSlice, {
    metadata: { name: 's' },
    spec: {
      driver,
      pool: { name: 'p', generation: 1, resourceSliceCount: count },
      nodeName: 'n',
      devices,
      ...more,
    },
  }) as ResourceSlice

const gpu = (name: string, model = 'x', more: object = {}) => ({
  name,
  attributes: { model: { string: model }, index: { int: Number(name.at(-1)) }, 'other.io/numa': { int: 0 } },
  capacity: { memory: { value: '40Gi' } },
  ...more,
})

const claim = (requests: readonly object[], more: object = {}): ResourceClaim =>
  decodeJson(ResourceClaim, {
    metadata: { namespace: 'default', name: 'c' },
    spec: { devices: { requests, ...more } },
  }) as ResourceClaim

const exactly = (more: object = {}, name = 'r') => ({
  name,
  exactly: { deviceClassName: 'gpus', allocationMode: 'ExactCount', count: 1, ...more },
})
const where = (...expressions: string[]) => ({ selectors: expressions.map(expression => ({ cel: { expression } })) })

const gpus = decodeJson(DeviceClass, {
  metadata: { name: 'gpus' },
  spec: { selectors: [{ cel: { expression: `device.driver == '${driver}'` } }] },
}) as DeviceClass

function allocated(
  claims: readonly ResourceClaim[],
  slices: readonly ResourceSlice[],
  used = new DevicesInUse(),
): readonly string[][] | string {
  const pool = poolOf(slices)
  const classOf = (name: string) => (name === 'gpus' ? gpus : undefined)
  try {
    const found = allocate({ node: nodeOf('n', 'z'), claims, pools: pool ? [pool] : [], classOf, used })
    return found?.map(({ devices }) => (devices.results ?? []).map(each => `${each.request}=${each.device}`)) ?? 'none'
  } catch (error) {
    return String(error)
  }
}

const three = [slice([gpu('g0'), gpu('g1', 'y'), gpu('g2', 'y')])]
const taint = { taints: [{ key: 'broken', effect: 'NoSchedule' }] }
const shared = (name: string) => ({
  ...gpu(name),
  allowMultipleAllocations: true,
  capacity: {
    memory: {
      value: '10Gi',
      requestPolicy: { default: '2Gi', validRange: { min: '2Gi', step: '2Gi', max: '8Gi' } },
    },
  },
})
const memory = (amount: string) => ({ capacity: { requests: { memory: amount } } })
const consumes = (value: string) => ({ consumesCounters: [{ counterSet: 'card', counters: { memory: { value } } }] })
const card = slice(
  [],
  { devices: undefined, sharedCounters: [{ name: 'card', counters: { memory: { value: '40Gi' } } }] },
  2,
)
const parts = [
  card,
  slice([gpu('h0', 'x', consumes('30Gi')), gpu('h1', 'x', consumes('20Gi')), gpu('h2', 'x', consumes('10Gi'))], {}, 2),
]

describe('devices for claims', () => {
  const cases: readonly [string, readonly ResourceClaim[], readonly ResourceSlice[], readonly string[][] | string][] = [
    ['one', [claim([exactly()])], three, [['r=g0']]],
    ['several', [claim([exactly({ count: 2 })]), claim([exactly()])], three, [['r=g0', 'r=g1'], ['r=g2']]],
    ['too many', [claim([exactly({ count: 4 })])], three, 'none'],
    ['too many together', [claim([exactly({ count: 2 })]), claim([exactly({ count: 2 })])], three, 'none'],
    ['by attribute', [claim([exactly(where(`device.attributes['${driver}'].model == 'y'`))])], three, [['r=g1']]],
    ['by attribute of others', [claim([exactly(where(`device.attributes['other.io'].numa == 0`))])], three, [['r=g0']]],
    [
      'by capacity',
      [claim([exactly(where(`device.capacity['${driver}'].memory.isGreaterThan(quantity('50Gi'))`))])],
      three,
      'none',
    ],
    ['of what nobody has', [claim([exactly(where(`'none' in device.attributes['nobody.io']`))])], three, 'none'],
    [
      'by what is not there',
      [claim([exactly(where(`device.attributes['${driver}'].none == 'y'`))])],
      three,
      'Error: claim c: selector #0: CEL runtime error: no such key: none',
    ],
    [
      'of no class',
      [claim([exactly({ deviceClassName: 'unheard-of' })])],
      three,
      'Error: request r: device class unheard-of does not exist',
    ],
    ['all', [claim([exactly({ allocationMode: 'All', count: 0 })])], three, [['r=g0', 'r=g1', 'r=g2']]],
    ['all that are left', [claim([exactly()]), claim([exactly({ allocationMode: 'All', count: 0 })])], three, 'none'],
    [
      'one that leaves what others need',
      [claim([exactly()]), claim([exactly(where(`device.attributes['${driver}'].model == 'x'`))])],
      three,
      [['r=g1'], ['r=g0']],
    ],
    [
      'alike',
      [claim([exactly({ count: 2 })], { constraints: [{ matchAttribute: `${driver}/model` }] })],
      three,
      [['r=g1', 'r=g2']],
    ],
    [
      'not alike',
      [claim([exactly({ count: 2 })], { constraints: [{ distinctAttribute: `${driver}/model` }] })],
      three,
      [['r=g0', 'r=g1']],
    ],
    [
      'alike in what they do not have',
      [claim([exactly({ count: 2 })], { constraints: [{ matchAttribute: `${driver}/none` }] })],
      three,
      'none',
    ],
    [
      'the first that there is',
      [
        claim([
          {
            name: 'r',
            firstAvailable: [
              { ...exactly(where(`device.attributes['${driver}'].model == 'z'`), 'best').exactly, name: 'best' },
              { ...exactly({ count: 2 }).exactly, name: 'two' },
            ],
          },
        ]),
      ],
      three,
      [['r/two=g0', 'r/two=g1']],
    ],
    ['without taints', [claim([exactly()])], [slice([gpu('g0', 'x', taint), gpu('g1')])], [['r=g1']]],
    [
      'with taints that are tolerated',
      [claim([exactly({ tolerations: [{ key: 'broken', operator: 'Exists' }] })])],
      [slice([gpu('g0', 'x', taint), gpu('g1')])],
      [['r=g0']],
    ],
    [
      'all, of which one is tainted',
      [claim([exactly({ allocationMode: 'All', count: 0 })])],
      [slice([gpu('g0', 'x', taint), gpu('g1')])],
      'none',
    ],
    ['of a pool that is not complete', [claim([exactly()])], [slice([gpu('g0')], {}, 2)], 'none'],
    [
      'all of a pool that is not complete',
      [claim([exactly({ allocationMode: 'All', count: 0 })])],
      [slice([gpu('g0')], {}, 2)],
      'Error: claim c, request r: asks for all devices, but resource pool gpu.example.com/p is currently being updated',
    ],
    ['of a pool with two of a name', [claim([exactly()])], [slice([gpu('g0'), gpu('g0')])], 'none'],
    ['of another node', [claim([exactly()])], [slice([gpu('g0')], { nodeName: 'other' })], 'none'],
    [
      'that are for some nodes each',
      [claim([exactly()])],
      [
        slice([gpu('g0', 'x', { nodeName: 'other' }), gpu('g1', 'x', { allNodes: true })], {
          nodeName: undefined,
          perDeviceNodeSelection: true,
        }),
      ],
      [['r=g1']],
    ],
    [
      'shared, as long as there is enough',
      [memory('3Gi'), memory('5Gi')].map(each => claim([exactly(each)])),
      [slice([shared('g0')])],
      [['r=g0'], ['r=g0']],
    ],
    [
      'shared, rounded up to too much',
      [memory('3Gi'), memory('7Gi')].map(each => claim([exactly(each)])),
      [slice([shared('g0')])],
      'none',
    ],
    ['shared, with the usual', Array(5).fill(claim([exactly()])), [slice([shared('g0')])], Array(5).fill(['r=g0'])],
    [
      'one more than there are of many',
      [claim([exactly()]), claim([exactly({ count: 30 })])],
      [slice(Array.from({ length: 30 }, (_, i) => gpu(`g${i}`)))],
      'none',
    ],
    [
      'more than can be tried',
      [
        claim(
          [exactly({ count: 15 }), exactly({ count: 1, ...where(`device.attributes['${driver}'].model == 'y'`) }, 's')],
          {
            constraints: [{ matchAttribute: `${driver}/model` }],
          },
        ),
      ],
      [slice([...Array.from({ length: 30 }, (_, i) => gpu(`g${i}`)), gpu('y0', 'y')])],
      'Error: timed out trying to allocate devices',
    ],
    ['not shared, and too small', [claim([exactly(memory('41Gi'))])], three, 'none'],
    ['that are parts of one', [claim([exactly({ count: 2 })])], parts, [['r=h0', 'r=h2']]],
    ['that are too large parts of one', [claim([exactly({ count: 3 })])], parts, 'none'],
  ]
  for (const [what, claims, slices, expected] of cases)
    it(what, () => assert.deepEqual(allocated(claims, slices), expected))

  it('are not had twice, but by administrators', () => {
    const one = [slice([gpu('g0')])]
    const used = DevicesInUse.by([
      { devices: { results: [{ request: 'r', driver, pool: 'p', device: 'g0' }] } },
    ] as never)
    assert.equal(allocated([claim([exactly()])], one, used), 'none')
    assert.deepEqual(allocated([claim([exactly({ adminAccess: true })])], one, used), [['r=g0']])
    const watched = DevicesInUse.by([
      { devices: { results: [{ request: 'r', driver, pool: 'p', device: 'g0', adminAccess: true }] } },
    ] as never)
    assert.deepEqual(allocated([claim([exactly()])], one, watched), [['r=g0']])
    assert.deepEqual(allocated([claim([exactly()])], one, watched), [['r=g0']], 'looking takes nothing')
  })

  it('come with what their class and their claim say of them, and where they can be used', () => {
    const opaque = (parameters: object) => ({ opaque: { driver, parameters } })
    const deviceClass = decodeJson(DeviceClass, {
      metadata: { name: 'gpus' },
      spec: { config: [opaque({ from: 'class' })] },
    }) as DeviceClass
    const wanted = claim([exactly()], { config: [opaque({ from: 'claim' }), { requests: ['other'], ...opaque({}) }] })
    const zone = { key: 'zone', operator: 'Exists' }
    const pool = poolOf([
      slice([gpu('g0')], {
        nodeName: undefined,
        nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [zone] }] },
      }),
    ])
    const [found] =
      allocate({
        node: nodeOf('n', undefined, {}, { zone: 'a' }),
        claims: [wanted],
        pools: pool ? [pool] : [],
        classOf: () => deviceClass,
        used: new DevicesInUse(),
      }) ?? []
    assert.deepEqual(found, {
      devices: {
        results: [{ request: 'r', driver, pool: 'p', device: 'g0' }],
        config: [
          { source: 'FromClass', requests: ['r'], ...opaque({ from: 'class' }) },
          { source: 'FromClaim', ...opaque({ from: 'claim' }) },
        ],
      },
      nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [zone] }] },
    })
  })
})
