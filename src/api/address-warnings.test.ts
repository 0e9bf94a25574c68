import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../machinery/path.js'
import { addressWarnings, networkWarnings } from './address-warnings.js'
import { pods } from './core/v1/pods.js'
import { services } from './core/v1/services.js'
import { endpointSlices } from './discovery/v1/endpoint-slices.js'
import { networkPolicies } from './networking/v1/network-policies.js'

test('addresses and networks that are written in another way than they should be', () => {
  const at = root.child('a')
  const later = 'will be considered invalid in a future Kubernetes release: use'
  for (const [text, expected] of [
    ['10.0.0.1', []],
    ['fd00::1', []],
    ['nothing', []],
    ['10.0.0.01', [`a: non-standard IP address "10.0.0.01" ${later} "10.0.0.1"`]],
    ['::ffff:10.0.0.1', [`a: non-standard IP address "::ffff:10.0.0.1" ${later} "10.0.0.1"`]],
    ['FD00:0::1', ['a: IPv6 address "FD00:0::1" should be in RFC 5952 canonical format ("fd00::1")']],
  ] as const)
    assert.deepEqual(addressWarnings(text, at), expected, text)
  for (const [text, expected] of [
    ['10.0.0.0/8', []],
    ['fd00::/64', []],
    ['nothing', []],
    [
      '10.0.0.1/8',
      ['a: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'],
    ],
    ['10.0.00.0/8', [`a: non-standard CIDR value "10.0.00.0/8" ${later} "10.0.0.0/8"`]],
    ['fd00:0::/64', ['a: IPv6 CIDR value "fd00:0::/64" should be in RFC 5952 canonical format ("fd00::/64")']],
  ] as const)
    assert.deepEqual(networkWarnings(text, at), expected, text)
})

test('where such addresses are looked for', () => {
  const later = 'will be considered invalid in a future Kubernetes release: use'
  const status = (resource: typeof pods | typeof services) =>
    resource.subresources.find(({ name }) => name === 'status') as { warnings?: (object: unknown) => readonly string[] }
  const slice = (labels: object) =>
    endpointSlices.strategy.warnings?.(
      { metadata: { labels }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1', '10.0.0.01'] }] } as never,
      undefined,
    )
  const peer = { ipBlock: { cidr: '10.0.00.0/8', except: ['10.1.0.1/16'] } }
  for (const [warnings, expected] of [
    [
      status(pods).warnings?.({ status: { podIPs: [{ ip: '10.0.0.01' }], hostIPs: [{ ip: '10.0.0.02' }] } }),
      [
        `status.podIPs[0].ip: non-standard IP address "10.0.0.01" ${later} "10.0.0.1"`,
        `status.hostIPs[0].ip: non-standard IP address "10.0.0.02" ${later} "10.0.0.2"`,
      ],
    ],
    [
      status(services).warnings?.({ status: { loadBalancer: { ingress: [{ hostname: 'a' }, { ip: '10.0.0.01' }] } } }),
      [`status.loadBalancer.ingress[1]: non-standard IP address "10.0.0.01" ${later} "10.0.0.1"`],
    ],
    [slice({}), [`endpoints[0].addresses[1]: non-standard IP address "10.0.0.01" ${later} "10.0.0.1"`]],
    [slice({ 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }), []],
    [
      networkPolicies.strategy.warnings?.(
        { spec: { podSelector: {}, egress: [{ to: [{}, peer] }] } } as never,
        undefined,
      ),
      [
        `spec.egress[0].to[1].ipBlock.cidr: non-standard CIDR value "10.0.00.0/8" ${later} "10.0.0.0/8"`,
        'spec.egress[0].to[1].ipBlock.except[0]: CIDR value "10.1.0.1/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.0.1/32"?)',
      ],
    ],
  ] as const)
    assert.deepEqual(warnings, expected)
})
