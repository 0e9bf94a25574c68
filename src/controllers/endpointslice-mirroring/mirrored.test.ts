import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoints } from '../../api/core/v1/index.js'
import { mirroredAnnotations, mirroredEndpoints } from './mirrored.js'

test('addresses of subsets, by family and ports; what is no address is left out', () => {
  const subsets = [
    {
      addresses: [{ ip: '192.0.2.1', nodeName: 'n' }, { ip: '2001:db8::1' }, { ip: 'nonsense' }],
      notReadyAddresses: [{ ip: '192.0.2.2', hostname: 'h' }],
      ports: [{ port: 80, protocol: 'TCP' }],
    },
    { addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.3' }], ports: [{ port: 80, protocol: 'TCP' }] },
    { addresses: [{ ip: '192.0.2.4' }], ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
  ]
  assert.deepEqual(mirroredEndpoints(subsets, 'IPv4'), [
    {
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['192.0.2.1'], conditions: { ready: true }, nodeName: 'n' },
        { addresses: ['192.0.2.2'], conditions: { ready: false }, hostname: 'h' },
        { addresses: ['192.0.2.3'], conditions: { ready: true } },
      ],
    },
    {
      ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
      endpoints: [{ addresses: ['192.0.2.4'], conditions: { ready: true } }],
    },
  ])
  assert.deepEqual(
    mirroredEndpoints(subsets, 'IPv6').map(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0])),
    [['2001:db8::1']],
  )
})

test('no more than a subset may have', () => {
  const addresses = Array.from({ length: 1200 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }))
  assert.equal(mirroredEndpoints([{ addresses }], 'IPv4')[0]?.endpoints.length, 1000)
})

test('annotations about the Endpoints alone are not taken over', () => {
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z',
    team: 'a',
  }
  assert.deepEqual(mirroredAnnotations({ metadata: { annotations } } as Endpoints), { team: 'a' })
})
