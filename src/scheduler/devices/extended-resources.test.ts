import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeviceClass } from '../../api/resource/v1/index.js'
import { decodeJson } from '../../schema/index.js'
import { informersOf, podOf } from '../test-cluster.js'
import { deviceState } from './device-state.js'
import { backedResources, extendedClaim } from './extended-resources.js'

const gpu = 'example.com/gpu'
const classOf = (name: string, creationTimestamp: string) =>
  decodeJson(DeviceClass, {
    kind: 'DeviceClass',
    metadata: { name, creationTimestamp },
    spec: { extendedResourceName: gpu },
  }) as DeviceClass
const state = deviceState(informersOf([classOf('old', '2026-01-01T00:00:00Z'), classOf('new', '2026-02-01T00:00:00Z')]))

const container = (name: string, count: number, more: object = {}) => ({
  name,
  image: 'i',
  resources: count > 0 ? { requests: { cpu: '1', [gpu]: String(count) } } : {},
  ...more,
})
const pod = (containers: readonly object[], initContainers: readonly object[] = []) =>
  podOf('p', {}, { containers, initContainers })

describe('extended resources', () => {
  it('that a class of devices stands for are found', () => {
    assert.deepEqual(backedResources(pod([container('a', 1)]), state), [gpu])
    assert.deepEqual(backedResources(pod([container('a', 0)]), state), [])
    assert.equal(state.classBehind(gpu)?.metadata.name, 'new', 'the newest counts')
    assert.equal(state.classBehind('deviceclass.resource.kubernetes.io/old')?.metadata.name, 'old')
    assert.equal(state.classBehind('example.com/other'), undefined)
  })

  const sidecar = { restartPolicy: 'Always' }
  const cases: readonly [string, ReturnType<typeof pod>, readonly string[], readonly string[]][] = [
    [
      'each container has its own',
      pod([container('a', 1), container('b', 2), container('c', 0)]),
      ['container-0-request-1 1', 'container-1-request-1 2'],
      ['a container-0-request-1', 'b container-1-request-1'],
    ],
    [
      'what ends before uses what comes later',
      pod([container('a', 2)], [container('i', 1)]),
      ['container-1-request-1 2'],
      ['a container-1-request-1', 'i container-1-request-1'],
    ],
    [
      'what ends before shares what it needs more',
      pod([container('a', 1)], [container('i', 2), container('j', 3)]),
      ['container-1-request-1 2', 'container-2-request-1 1'],
      [
        'a container-2-request-1',
        'i container-2-request-1',
        'j container-2-request-1',
        'i container-1-request-1',
        'j container-1-request-1',
      ],
    ],
    [
      'sidecars keep theirs, also before those that come later',
      pod([container('a', 0)], [container('s', 1, sidecar), container('i', 1)]),
      ['container-0-request-1 1', 'container-1-request-1 1'],
      ['s container-0-request-1', 'i container-1-request-1'],
    ],
  ]
  for (const [what, given, requests, mappings] of cases)
    it(what, () => {
      const made = extendedClaim(given, [gpu], state)
      assert.deepEqual(
        made.claim.spec.devices.requests?.map(({ name, exactly }) => `${name} ${exactly?.count}`),
        requests,
      )
      assert.deepEqual(
        made.mappings.map(({ containerName, requestName }) => `${containerName} ${requestName}`),
        mappings,
      )
    })
})
