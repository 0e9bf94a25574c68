import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeviceClass, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { decodeJson, type Kind } from '../../schema/index.js'
import { clusterOf, cycleOf, informersOf, nodeOf, placement, pluginOf, pluginsOf, podOf } from '../test-cluster.js'

const made = <T extends ApiObject, I>(kind: Kind<T, I>, object: object): ApiObject =>
  decodeJson(kind, { kind: kind.gvk.kind, ...object }) as ApiObject

const driver = 'd.example.com'
const anyDevice = made(DeviceClass, { metadata: { name: 'any' }, spec: {} })
const slice = (node: string, ...devices: object[]) =>
  made(ResourceSlice, {
    metadata: { name: node },
    spec: { driver, nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices },
  })
const claim = (name: string, request: object, status: object = {}, metadata: object = {}) =>
  made(ResourceClaim, {
    metadata: { namespace: 'default', name, uid: name, ...metadata },
    spec: { devices: { requests: [{ name: 'r', ...request }] } },
    status,
  })
const one = { exactly: { deviceClassName: 'any', allocationMode: 'ExactCount', count: 1 } }
const fast = { selectors: [{ cel: { expression: `device.attributes['${driver}'].fast` } }] }
const device = (name: string, bool = false) => ({ name, attributes: { fast: { bool } } })
const allocated = (node: string, ...reservedFor: string[]) => ({
  allocation: {
    devices: { results: [{ request: 'r', driver, pool: node, device: 'x' }] },
    nodeSelector: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
    },
  },
  reservedFor: reservedFor.map(uid => ({ resource: 'pods', name: uid, uid })),
})
const using = (...names: string[]) =>
  podOf('new', {}, { resourceClaims: names.map(name => ({ name, resourceClaimName: name })) })
const nodes = [nodeOf('a'), nodeOf('b')]
const none = (why: string) => `0/2 nodes are available: ${why}.`

describe('DynamicResources', () => {
  const cases: readonly [string, readonly ApiObject[], string][] = [
    ['the node that has one', [claim('c', one), slice('b', device('x'))], 'b'],
    ['none has one', [claim('c', one)], none('2 cannot allocate all claims')],
    [
      'another claim has it',
      [claim('c', one), claim('other', one, allocated('b')), slice('b', device('x'))],
      none('2 cannot allocate all claims'),
    ],
    ['where its claim has been allocated', [claim('c', one, allocated('b'))], 'b'],
    ['where nobody can be', [claim('c', one, allocated('z'))], none('2 resourceclaim not available on the node')],
    [
      'the best of alternatives',
      [
        claim('c', {
          firstAvailable: [
            { ...one.exactly, name: 'fast', ...fast },
            { ...one.exactly, name: 'slow' },
          ],
        }),
        slice('a', device('x')),
        slice('b', device('x', true)),
      ],
      'b',
    ],
    [
      'a claim that is going',
      [claim('c', one, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
      none('resourceclaim "c" is being deleted'),
    ],
    [
      'a claim of too many',
      [claim('c', one, allocated('a', ...Array.from({ length: 256 }, (_, i) => `u${i}`)))],
      none('resourceclaim in use'),
    ],
    [
      'no such class',
      [claim('c', { exactly: { ...one.exactly, deviceClassName: 'none' } })],
      none('request r: device class none does not exist'),
    ],
  ]
  for (const [what, objects, expected] of cases)
    it(what, () =>
      assert.equal(placement(using('c'), clusterOf(nodes), pluginsOf(informersOf([anyDevice, ...objects]))), expected),
    )

  it('counts with what it has decided, until that is taken back', () => {
    const informers = informersOf([anyDevice, claim('c', one), claim('d', one), slice('b', device('x'))])
    const [plugin, others] = [pluginOf('DynamicResources', undefined, informers), pluginsOf(informers)]
    const state = clusterOf(nodes)
    const cycle = cycleOf(using('c'), state)
    const filter = plugin.filter?.(cycle)
    const node = state.get('b')
    assert.ok(typeof filter === 'function' && node)
    assert.equal(filter(node), undefined)
    plugin.reserve?.(cycle, 'b')
    assert.equal(placement(using('d'), state, others), none('2 cannot allocate all claims'))
    plugin.unreserve?.(cycle, 'b')
    assert.equal(placement(using('d'), state, others), 'b')
  })

  it('holds pods back whose claims are still to come', () => {
    const { preEnqueue } = pluginOf('DynamicResources', undefined, informersOf([claim('c', one)]))
    assert.equal(preEnqueue?.(using('c')), undefined)
    assert.equal(preEnqueue?.(using('d')), 'resourceclaim "d" not found')
    const fromTemplate = podOf('new', {}, { resourceClaims: [{ name: 'r', resourceClaimTemplateName: 't' }] })
    assert.equal(preEnqueue?.(fromTemplate), 'pod claim r: the resource claim has not been created yet')
  })
})
