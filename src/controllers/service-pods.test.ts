import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Service } from '../api/core/v1/index.js'
import { subsetsOf, truncated } from './endpoints/subsets.js'
import { desiredEndpoints } from './endpointslice/desired-endpoints.js'
import { familiesOf, portsOn } from './service-pods.js'
import { type PodFacts, testPod } from './test-pods.js'

const ready = '2026-01-01T00:05:00Z'

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { namespace: 'ns', name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    clusterIP: '10.96.0.9',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
    ...spec,
  },
  status: { loadBalancer: {} },
})

const container = (name: string, ...ports: { name: string; containerPort: number; protocol?: string }[]) =>
  ({ name, image: 'i', ports }) as never

describe('ports of a service on a pod', () => {
  const pod = testPod('p', {
    spec: {
      containers: [
        container(
          'a',
          { name: 'web', containerPort: 8080, protocol: 'TCP' },
          { name: 'dns', containerPort: 53, protocol: 'UDP' },
        ),
        container('b', { name: 'plain', containerPort: 7000 }),
      ],
      initContainers: [
        {
          name: 'side',
          image: 'i',
          restartPolicy: 'Always',
          ports: [{ name: 'side', containerPort: 9000, protocol: 'TCP' }],
        } as never,
        { name: 'init', image: 'i', ports: [{ name: 'init', containerPort: 9001, protocol: 'TCP' }] } as never,
      ],
    },
  })
  const table: [string, string | number, string, number | undefined][] = [
    ['a number', 1234, 'TCP', 1234],
    ['a name', 'web', 'TCP', 8080],
    ['a name of another protocol', 'web', 'UDP', undefined],
    ['a name without a protocol', 'plain', 'TCP', 7000],
    ['of a sidecar', 'side', 'TCP', 9000],
    ['of a container that has ended', 'init', 'TCP', undefined],
    ['unknown', 'nope', 'TCP', undefined],
    ['none: that of the service', 0, 'TCP', 80],
  ]
  for (const [what, targetPort, protocol, expected] of table)
    test(what, () => {
      const found = portsOn(service({ ports: [{ name: 'x', port: 80, protocol, targetPort }] }), pod)
      assert.deepEqual(found, expected === undefined ? [] : [{ name: 'x', port: expected, protocol }])
    })
})

describe('endpoints of slices', () => {
  const of = (spec: Partial<Service['spec']>, facts: PodFacts) =>
    desiredEndpoints(service(spec), [testPod('p', { ips: ['10.1.0.1', 'fd00::1'], ...facts })], 'IPv4', name => ({
      metadata: { name, labels: { 'topology.kubernetes.io/zone': `zone-${name}` } },
      spec: {},
      status: {} as never,
    }))[0]?.endpoints[0]

  test('conditions tell what may be sent where', () => {
    const table: [string, Partial<Service['spec']>, PodFacts, [boolean, boolean, boolean]][] = [
      // ready, serving, terminating
      ['ready', {}, { ready }, [true, true, false]],
      ['not ready', {}, {}, [false, false, false]],
      ['ready and leaving', {}, { ready, deleted: true }, [false, true, true]],
      ['leaving', {}, { deleted: true }, [false, false, true]],
      ['published anyway', { publishNotReadyAddresses: true }, {}, [true, false, false]],
    ]
    for (const [what, spec, facts, [isReady, serving, terminating]] of table)
      assert.deepEqual(of(spec, facts)?.conditions, { ready: isReady, serving, terminating }, what)
  })

  test('say where a pod is, and how it is called', () => {
    const endpoint = of({}, { ready, node: 'n1', spec: { nodeName: 'n1', hostname: 'h', subdomain: 'web' } })
    assert.deepEqual(endpoint, {
      addresses: ['10.1.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      hostname: 'h',
      targetRef: { kind: 'Pod', namespace: 'ns', name: 'p', uid: 'p' },
      nodeName: 'n1',
      zone: 'zone-n1',
    })
    assert.equal(of({}, { spec: { hostname: 'h', subdomain: 'other' } })?.hostname, undefined)
  })

  test('hints keep traffic near', () => {
    const near = { forZones: [{ name: 'zone-n1' }] }
    const table: [string | undefined, boolean, object | undefined][] = [
      [undefined, true, undefined],
      ['PreferClose', true, near],
      ['PreferSameZone', true, near],
      ['PreferSameNode', true, { ...near, forNodes: [{ name: 'n1' }] }],
      ['PreferSameZone', false, undefined],
    ]
    for (const [trafficDistribution, isReady, expected] of table) {
      const spec = trafficDistribution ? { trafficDistribution } : {}
      assert.deepEqual(of(spec, { node: 'n1', ready: isReady ? ready : undefined })?.hints, expected)
    }
  })

  test('each family has its own; pods are grouped by the ports they have', () => {
    const named = service({ ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' }] })
    const pods = [
      testPod('old', { ips: ['10.1.0.1'], spec: { containers: [container('c', { name: 'web', containerPort: 80 })] } }),
      testPod('new', {
        ips: ['10.1.0.2', 'fd00::2'],
        spec: { containers: [container('c', { name: 'web', containerPort: 8080 })] },
      }),
    ]
    const spell = (family: 'IPv4' | 'IPv6') =>
      desiredEndpoints(named, pods, family, () => undefined).map(({ ports, endpoints }) => [
        ports[0]?.port,
        ...endpoints.flatMap(({ addresses }) => addresses),
      ])
    assert.deepEqual(spell('IPv4'), [
      [80, '10.1.0.1'],
      [8080, '10.1.0.2'],
    ])
    assert.deepEqual(spell('IPv6'), [[8080, 'fd00::2']])
  })

  test('families', () => {
    const table: [Partial<Service['spec']>, string[]][] = [
      [{ ipFamilies: ['IPv6', 'IPv4'] }, ['IPv6', 'IPv4']],
      [{ ipFamilies: [], clusterIP: 'fd00::9' }, ['IPv6']],
      [{ ipFamilies: [], clusterIP: 'None' }, ['IPv4', 'IPv6']],
    ]
    for (const [spec, expected] of table) assert.deepEqual(familiesOf(service(spec)), expected)
  })
})

describe('subsets of endpoints', () => {
  const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }]
  const address = (name: string, ip: string, more = {}) => ({
    ip,
    ...more,
    targetRef: { kind: 'Pod', namespace: 'ns', name, uid: name },
  })

  test('ready and not ready pods, in order of their addresses', () => {
    const pods = [
      testPod('c', { ips: ['10.1.0.3'], ready }),
      testPod('a', { ips: ['10.1.0.1'], ready, node: 'n1' }),
      testPod('b', { ips: ['10.1.0.2'] }),
      testPod('d', { ips: ['10.1.0.4'], ready, deleted: true }),
    ]
    assert.deepEqual(subsetsOf(service(), pods), [
      {
        addresses: [address('a', '10.1.0.1', { nodeName: 'n1' }), address('c', '10.1.0.3')],
        notReadyAddresses: [address('b', '10.1.0.2')],
        ports,
      },
    ])
    const all = subsetsOf(service({ publishNotReadyAddresses: true }), pods)
    assert.equal(all[0]?.addresses?.length, 4)
    assert.equal(all[0]?.notReadyAddresses, undefined)
  })

  test('headless without ports; unnamed ports; pods without the port', () => {
    const pods = [testPod('a', { ips: ['10.1.0.1'], ready })]
    assert.deepEqual(subsetsOf(service({ clusterIP: 'None', ports: [] }), pods), [
      { addresses: [address('a', '10.1.0.1')] },
    ])
    assert.deepEqual(subsetsOf(service({ ports: [] }), pods), [])
    assert.deepEqual(subsetsOf(service({ ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] }), pods)[0]?.ports, [
      { port: 8080, protocol: 'TCP' },
    ])
    assert.deepEqual(subsetsOf(service({ ports: [{ port: 80, protocol: 'TCP', targetPort: 'nope' }] }), pods), [])
  })

  test('too many are cut, not ready ones first, in proportion', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: `10.0.0.${i}` }))
    const spell = (subsets: ReturnType<typeof truncated>) =>
      subsets.map(one => [one.addresses?.length ?? 0, one.notReadyAddresses?.length ?? 0])
    const table: [[number, number][], [number, number][]][] = [
      [[[5, 5]], [[5, 5]]],
      [[[5, 10]], [[5, 5]]],
      [[[12, 3]], [[10, 0]]],
      [
        [
          [10, 0],
          [10, 0],
        ],
        [
          [5, 0],
          [5, 0],
        ],
      ],
      [
        [
          [18, 1],
          [2, 1],
        ],
        [
          [9, 0],
          [1, 0],
        ],
      ],
    ]
    for (const [given, expected] of table) {
      const subsets = given.map(([a, n]) => ({ addresses: many(a), notReadyAddresses: many(n) }))
      assert.deepEqual(spell(truncated(subsets, 10)), expected, JSON.stringify(given))
    }
  })
})
