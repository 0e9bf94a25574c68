import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1/index.js'
import { canGo } from './networks.js'

const cidr = (...cidrs: string[]) => ({ metadata: {}, spec: { cidrs }, status: {} }) as ServiceCIDR
const address = (name: string, by = 'ipallocator.k8s.io') =>
  ({ metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': by } }, spec: {} }) as unknown as IPAddress

const cases: readonly [string, ServiceCIDR, readonly ServiceCIDR[], readonly IPAddress[], boolean][] = [
  ['nobody uses', cidr('10.0.0.0/24'), [], [], true],
  ['somebody uses', cidr('10.0.0.0/24'), [], [address('10.0.0.7')], false],
  ['others use', cidr('10.0.0.0/24'), [cidr('10.0.1.0/24')], [address('10.0.1.7')], true],
  ['is within another', cidr('10.0.0.0/24'), [cidr('10.0.0.0/16')], [address('10.0.0.7')], true],
  ['is there twice', cidr('10.0.0.0/24'), [cidr('10.0.0.0/24')], [address('10.0.0.7')], true],
  ['holds a smaller one with all addresses', cidr('10.0.0.0/16'), [cidr('10.0.0.0/24')], [address('10.0.0.7')], true],
  ['holds a smaller one and more', cidr('10.0.0.0/16'), [cidr('10.0.0.0/24')], [address('10.0.1.7')], false],
  ['is used by other allocators', cidr('10.0.0.0/24'), [], [address('10.0.0.7', 'example.com')], true],
  ['is used in its second family', cidr('10.0.0.0/24', 'fd00::/112'), [], [address('fd00::7')], false],
  [
    'has a parent in one family alone',
    cidr('10.0.0.0/24', 'fd00::/112'),
    [cidr('10.0.0.0/16')],
    [address('10.0.0.7'), address('fd00::7')],
    false,
  ],
]

describe('a network of services may go if it', () => {
  for (const [name, own, others, addresses, expected] of cases)
    it(name, () =>
      assert.equal(
        canGo(own, others, () => addresses),
        expected,
      ),
    )
})
