import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Node } from '../api/core/v1/index.js'
import { podRoutes } from './node-routes.js'

const node = (name: string, podCIDRs: readonly string[], addresses: readonly string[]): Node =>
  ({
    metadata: { name },
    spec: { podCIDRs, ...(podCIDRs[0] ? { podCIDR: podCIDRs[0] } : {}) },
    status: {
      addresses: [{ type: 'Hostname', address: name }, ...addresses.map(address => ({ type: 'InternalIP', address }))],
    },
  }) as never

const self = node('a', ['10.1.0.0/24'], ['192.0.2.1'])

for (const [what, others, expected] of [
  ['others', [node('b', ['10.1.1.0/24'], ['192.0.2.2'])], ['10.1.1.0/24 192.0.2.2']],
  ['none that have no pods yet', [node('b', [], ['192.0.2.2'])], []],
  ['none that nobody knows the address of', [node('b', ['10.1.1.0/24'], [])], []],
  [
    'both families',
    [node('b', ['10.1.1.0/24', 'fd00:1::/64'], ['192.0.2.2', 'fd01::2'])],
    ['10.1.1.0/24 192.0.2.2', 'fd00:1::/64 fd01::2'],
  ],
  ['none across families', [node('b', ['fd00:1::/64'], ['192.0.2.2'])], []],
] as const)
  it(`leads to pods of ${what}`, () =>
    assert.deepEqual(
      podRoutes([self, ...others], 'a').map(({ destination, gateway }) => `${destination} ${gateway}`),
      expected,
    ))
