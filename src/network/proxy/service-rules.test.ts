import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { planOf } from './ruleset.js'
import { serviceRules } from './service-rules.js'
import { testService, testSlice } from './test-objects.js'

const plan = planOf({
  tableName: 't',
  nodeName: 'here',
  zone: 'north',
  podCidr: '10.244.0.0/24',
  clusterCidr: '10.244.0.0/16',
})
const plan6 = planOf({ tableName: 't', nodeName: 'here', podCidr: 'fd00:1::/64', clusterCidr: 'fd00:1::/48' })

const here = { nodeName: 'here' }
const there = { nodeName: 'there' }
const terminating = { ready: false, serving: true, terminating: true }
const gone = { ready: false, serving: false, terminating: true }

/** Rules as one text: chains, then what leads to them. */
function print(service: Service, slices: readonly EndpointSlice[], on = plan): string[] {
  const rules = serviceRules(service, slices, on)
  if (!rules) return []
  return [
    ...[...rules.chains].flatMap(([name, { rules: texts }]) => texts.map(text => `${name}: ${text}`)),
    ...[...rules.affinities].map(([name, { declaration }]) => `${name}: ${declaration}`),
    ...[...rules.clusterFrontends].map(([key, verdict]) => `cluster ${key} -> ${verdict}`),
    ...[...rules.otherFrontends].map(([key, verdict]) => `other ${key} -> ${verdict}`),
    ...[...rules.nodePorts].map(([key, verdict]) => `node ${key} -> ${verdict}`),
  ]
}

const clusterIp = 'cluster 10.96.0.1 . tcp . 80 -> goto service/default/web/tcp/80'
const one = 'service/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.5:8080'
const two =
  'service/default/web/tcp/80: meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.1.6 . 8080 }'
const pods = [
  { address: '10.244.1.6', ...there },
  { address: '10.244.0.5', ...here },
]

interface Case {
  readonly title: string
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly expect: readonly string[]
  readonly plan?: typeof plan
}

const cases: readonly Case[] = [
  { title: 'one endpoint', service: testService(), slices: [testSlice(['10.244.0.5'])], expect: [one, clusterIp] },
  {
    title: 'several endpoints, in a stable order',
    service: testService(),
    slices: [testSlice(pods)],
    expect: [two, clusterIp],
  },
  {
    title: 'endpoints of several slices, each but once',
    service: testService(),
    slices: [testSlice(['10.244.1.6', '10.244.0.5']), testSlice(['10.244.0.5'], { name: 'web-2' })],
    expect: [two, clusterIp],
  },
  {
    title: 'an endpoint on its way to another slice is ready if either says so',
    service: testService(),
    slices: [
      testSlice([{ address: '10.244.0.5', conditions: { ready: false } }]),
      testSlice(['10.244.0.5'], { name: 'web-2' }),
      testSlice([{ address: '10.244.0.5', conditions: { ready: false } }], { name: 'web-3' }),
    ],
    expect: [one, clusterIp],
  },
  {
    title: 'no slices: connections are refused',
    service: testService({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }),
    slices: [],
    expect: ['cluster 10.96.0.1 . tcp . 80 -> goto refuse', 'node tcp . 30080 -> goto refuse'],
  },
  {
    title: 'endpoints that are not ready do not count',
    service: testService(),
    slices: [testSlice([{ address: '10.244.0.5', conditions: { ready: false } }])],
    expect: ['cluster 10.96.0.1 . tcp . 80 -> goto refuse'],
  },
  {
    title: 'terminating endpoints that still serve are used if there are no others',
    service: testService(),
    slices: [
      testSlice([
        { address: '10.244.0.5', conditions: terminating },
        { address: '10.244.0.7', conditions: gone },
        { address: '10.244.0.8', conditions: { ready: false } },
      ]),
    ],
    expect: [one, clusterIp],
  },
  {
    title: 'terminating endpoints are not used if there are others',
    service: testService(),
    slices: [testSlice(['10.244.0.5', { address: '10.244.0.7', conditions: terminating }])],
    expect: [one, clusterIp],
  },
  {
    title: 'ports are paired by name and protocol',
    service: testService({
      ports: [
        { name: 'dns', port: 53, targetPort: 'dns', protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, targetPort: 'dns', protocol: 'TCP' },
        { name: 'signal', port: 9, targetPort: 9, protocol: 'SCTP' },
      ],
    }),
    slices: [
      testSlice(['10.244.0.5'], {
        ports: [
          { name: 'dns', port: 5353, protocol: 'UDP' },
          { name: 'dns-tcp', port: 5354, protocol: 'TCP' },
          { name: 'signal', port: 9, protocol: 'SCTP' },
          { name: 'dns', port: 1, protocol: 'TCP' },
        ],
      }),
    ],
    expect: [
      'service/default/web/udp/53: meta l4proto udp dnat ip to 10.244.0.5:5353',
      'service/default/web/tcp/53: meta l4proto tcp dnat ip to 10.244.0.5:5354',
      'service/default/web/sctp/9: meta l4proto sctp dnat ip to 10.244.0.5:9',
      'cluster 10.96.0.1 . udp . 53 -> goto service/default/web/udp/53',
      'cluster 10.96.0.1 . tcp . 53 -> goto service/default/web/tcp/53',
      'cluster 10.96.0.1 . sctp . 9 -> goto service/default/web/sctp/9',
    ],
  },
  {
    title: 'node ports, external and load balancer addresses hide who comes',
    service: testService(
      {
        type: 'LoadBalancer',
        externalIPs: ['203.0.113.9'],
        ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
      },
      { ingress: [{ ip: '198.51.100.1' }, { ip: '198.51.100.2', ipMode: 'Proxy' }] },
    ),
    slices: [testSlice(['10.244.0.5'])],
    expect: [
      one,
      'external/default/web/tcp/80: meta mark set meta mark or 0x4000',
      'external/default/web/tcp/80: goto service/default/web/tcp/80',
      clusterIp,
      'other 203.0.113.9 . tcp . 80 -> goto external/default/web/tcp/80',
      'other 198.51.100.1 . tcp . 80 -> goto external/default/web/tcp/80',
      'node tcp . 30080 -> goto external/default/web/tcp/80',
    ],
  },
  {
    title: 'load balancer source ranges, without those that lie within others',
    service: testService(
      {
        type: 'LoadBalancer',
        loadBalancerSourceRanges: ['192.0.2.0/25', ' 192.0.2.0/24', '198.51.100.7/32', 'fd00::/8'],
      },
      { ingress: [{ ip: '203.0.113.1' }] },
    ),
    slices: [testSlice(['10.244.0.5'])],
    expect: [
      one,
      'external/default/web/tcp/80: meta mark set meta mark or 0x4000',
      'external/default/web/tcp/80: goto service/default/web/tcp/80',
      'guarded/default/web/tcp/80: ip saddr != { 192.0.2.0/24, 198.51.100.7/32 } drop',
      'guarded/default/web/tcp/80: goto external/default/web/tcp/80',
      clusterIp,
      'other 203.0.113.1 . tcp . 80 -> goto guarded/default/web/tcp/80',
    ],
  },
  {
    title: 'external traffic policy Local: endpoints of this node for those outside, all for those inside',
    service: testService({
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
    }),
    slices: [testSlice(pods)],
    expect: [
      two,
      'local/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.5:8080',
      'external/default/web/tcp/80: ip saddr 10.244.0.0/16 goto service/default/web/tcp/80',
      'external/default/web/tcp/80: fib saddr type local meta mark set meta mark or 0x4000',
      'external/default/web/tcp/80: fib saddr type local goto service/default/web/tcp/80',
      'external/default/web/tcp/80: goto local/default/web/tcp/80',
      clusterIp,
      'node tcp . 30080 -> goto external/default/web/tcp/80',
    ],
  },
  {
    title: 'external traffic policy Local without an endpoint here: nothing for those outside',
    service: testService({
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
    }),
    slices: [testSlice([{ address: '10.244.1.6', ...there }])],
    expect: [
      'service/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.1.6:8080',
      'external/default/web/tcp/80: ip saddr 10.244.0.0/16 goto service/default/web/tcp/80',
      'external/default/web/tcp/80: fib saddr type local meta mark set meta mark or 0x4000',
      'external/default/web/tcp/80: fib saddr type local goto service/default/web/tcp/80',
      'external/default/web/tcp/80: drop',
      clusterIp,
      'node tcp . 30080 -> goto external/default/web/tcp/80',
    ],
  },
  {
    title: 'internal traffic policy Local',
    service: testService({ internalTrafficPolicy: 'Local' }),
    slices: [testSlice(pods)],
    expect: [
      'local/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.5:8080',
      'cluster 10.96.0.1 . tcp . 80 -> goto local/default/web/tcp/80',
    ],
  },
  {
    title: 'internal traffic policy Local without an endpoint here',
    service: testService({ internalTrafficPolicy: 'Local' }),
    slices: [testSlice([{ address: '10.244.1.6', ...there }])],
    expect: ['cluster 10.96.0.1 . tcp . 80 -> goto discard'],
  },
  {
    title: 'internal traffic policy Local: a terminating endpoint here rather than a ready one elsewhere',
    service: testService({ internalTrafficPolicy: 'Local' }),
    slices: [
      testSlice([
        { address: '10.244.1.6', ...there },
        { address: '10.244.0.5', ...here, conditions: terminating },
      ]),
    ],
    expect: [
      'local/default/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.5:8080',
      'cluster 10.96.0.1 . tcp . 80 -> goto local/default/web/tcp/80',
    ],
  },
  {
    title: 'client affinity',
    service: testService({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }),
    slices: [testSlice(pods)],
    expect: [
      'endpoint/default/web/tcp/80/10.244.0.5/8080: update @affinity/60/default/web/tcp/80/10.244.0.5/8080 { ip saddr }',
      'endpoint/default/web/tcp/80/10.244.0.5/8080: meta l4proto tcp dnat ip to 10.244.0.5:8080',
      'endpoint/default/web/tcp/80/10.244.1.6/8080: update @affinity/60/default/web/tcp/80/10.244.1.6/8080 { ip saddr }',
      'endpoint/default/web/tcp/80/10.244.1.6/8080: meta l4proto tcp dnat ip to 10.244.1.6:8080',
      'service/default/web/tcp/80: ip saddr @affinity/60/default/web/tcp/80/10.244.0.5/8080 goto endpoint/default/web/tcp/80/10.244.0.5/8080',
      'service/default/web/tcp/80: ip saddr @affinity/60/default/web/tcp/80/10.244.1.6/8080 goto endpoint/default/web/tcp/80/10.244.1.6/8080',
      'service/default/web/tcp/80: numgen random mod 2 vmap { 0 : goto endpoint/default/web/tcp/80/10.244.0.5/8080, 1 : goto endpoint/default/web/tcp/80/10.244.1.6/8080 }',
      'affinity/60/default/web/tcp/80/10.244.0.5/8080: type ipv4_addr; flags dynamic,timeout; timeout 60s;',
      'affinity/60/default/web/tcp/80/10.244.1.6/8080: type ipv4_addr; flags dynamic,timeout; timeout 60s;',
      clusterIp,
    ],
  },
  {
    title: 'topology: endpoints meant for this zone',
    service: testService(),
    slices: [
      testSlice([
        { address: '10.244.0.5', hints: { forZones: [{ name: 'north' }] } },
        { address: '10.244.1.6', hints: { forZones: [{ name: 'south' }] } },
      ]),
    ],
    expect: [one, clusterIp],
  },
  {
    title: 'topology: endpoints meant for this node',
    service: testService(),
    slices: [
      testSlice([
        { address: '10.244.0.5', hints: { forZones: [{ name: 'north' }], forNodes: [{ name: 'here' }] } },
        { address: '10.244.1.6', hints: { forZones: [{ name: 'north' }], forNodes: [{ name: 'there' }] } },
      ]),
    ],
    expect: [one, clusterIp],
  },
  {
    title: 'topology: hints that some endpoint lacks do not count',
    service: testService(),
    slices: [testSlice([{ address: '10.244.0.5', hints: { forZones: [{ name: 'north' }] } }, '10.244.1.6'])],
    expect: [two, clusterIp],
  },
  {
    title: 'topology: no endpoint for this zone',
    service: testService(),
    slices: [
      testSlice([
        { address: '10.244.0.5', hints: { forZones: [{ name: 'south' }] } },
        { address: '10.244.1.6', hints: { forZones: [{ name: 'south' }] } },
      ]),
    ],
    expect: [two, clusterIp],
  },
  {
    title: 'IPv6: the second address of a dual-stack service',
    service: testService({ clusterIPs: ['10.96.0.1', 'FD00:0::1'], sessionAffinity: 'ClientIP' }),
    slices: [testSlice(['10.244.0.5']), testSlice(['fd00:1::5'], { name: 'web-6', family: 6 })],
    plan: plan6,
    expect: [
      'endpoint/default/web/tcp/80/fd00.1..5/8080: update @affinity/10800/default/web/tcp/80/fd00.1..5/8080 { ip6 saddr }',
      'endpoint/default/web/tcp/80/fd00.1..5/8080: meta l4proto tcp dnat ip6 to [fd00:1::5]:8080',
      'service/default/web/tcp/80: ip6 saddr @affinity/10800/default/web/tcp/80/fd00.1..5/8080 goto endpoint/default/web/tcp/80/fd00.1..5/8080',
      'service/default/web/tcp/80: goto endpoint/default/web/tcp/80/fd00.1..5/8080',
      'affinity/10800/default/web/tcp/80/fd00.1..5/8080: type ipv6_addr; flags dynamic,timeout; timeout 10800s;',
      'cluster fd00::1 . tcp . 80 -> goto service/default/web/tcp/80',
    ],
  },
  {
    title: 'headless services have no rules',
    service: testService({ clusterIP: 'None' }),
    slices: [testSlice(pods)],
    expect: [],
  },
  {
    title: 'external names have no rules',
    service: testService({ type: 'ExternalName', externalName: 'example.com' }),
    slices: [],
    expect: [],
  },
  {
    title: "another proxy's services have no rules",
    service: testService({}, { labels: { 'service.kubernetes.io/service-proxy-name': '' } }),
    slices: [testSlice(pods)],
    expect: [],
  },
  {
    title: 'what is no address or port never reaches a rule',
    service: testService({
      externalIPs: ['203.0.113.1 } ; flush ruleset'],
      ports: [
        { port: 80, targetPort: 80 },
        { port: 70_000, targetPort: 1 },
      ],
    }),
    slices: [
      testSlice(['evil; flush ruleset', '10.244.0.5']),
      testSlice(['10.244.0.9'], { name: 'web-2', ports: [{ port: 0 }, { name: '', protocol: 'TCP' }] }),
    ],
    expect: [one, clusterIp],
  },
  {
    title: 'names that the API does not accept',
    service: testService({}, { name: 'web { } ; flush ruleset' }),
    slices: [testSlice(pods)],
    expect: [],
  },
]

describe('serviceRules', () => {
  for (const { title, service, slices, expect, plan: on } of cases)
    it(title, () => assert.deepEqual(print(service, slices, on), expect))

  it('counts the endpoints of this node for load balancers that ask', () => {
    const service = testService({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31_000,
    })
    const slices = [
      testSlice([
        ...pods,
        { address: '10.244.0.9', ...here },
        { address: '10.244.0.8', ...here, conditions: terminating },
      ]),
    ]
    assert.deepEqual(serviceRules(service, slices, plan)?.healthCheck, { port: 31_000, localEndpoints: 2 })
  })

  it('notes who may answer for UDP ports', () => {
    const service = testService({
      type: 'NodePort',
      externalIPs: ['203.0.113.9'],
      internalTrafficPolicy: 'Local',
      ports: [{ port: 53, targetPort: 53, nodePort: 30053, protocol: 'UDP' }],
    })
    const rules = serviceRules(service, [testSlice(pods, { ports: [{ port: 53, protocol: 'UDP' }] })], plan)
    assert.deepEqual(
      rules?.udp,
      new Map([
        ['10.96.0.1:53', new Set(['10.244.0.5:53'])],
        ['203.0.113.9:53', new Set(['10.244.0.5:53', '10.244.1.6:53'])],
        [':30053', new Set(['10.244.0.5:53', '10.244.1.6:53'])],
      ]),
    )
  })
})
