import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cniConfig } from './node-network.js'

interface Plugin {
  readonly type: string
  readonly bridge?: string
  readonly hairpinMode?: boolean
  readonly mtu?: number
  readonly ipam?: {
    readonly ranges: readonly (readonly { readonly subnet: string }[])[]
    readonly routes: readonly { dst: string }[]
  }
}

describe('cniConfig', () => {
  const common = { name: 'n', podCidr: '10.1.2.0/24', bridge: 't8s0', ipamDir: '/state' }
  const pluginsOf = (config: string): readonly Plugin[] =>
    (JSON.parse(config) as { plugins: readonly Plugin[] }).plugins

  for (const [what, network, check] of [
    [
      'a bridge sends packets back to where they came from',
      { ...common, type: 'bridge' as const },
      ([connect]: readonly Plugin[]) => {
        assert.equal(connect?.bridge, 't8s0')
        assert.equal(connect?.hairpinMode, true)
      },
    ],
    [
      'point to point knows no bridge',
      { ...common, type: 'ptp' as const },
      ([connect]: readonly Plugin[]) => {
        assert.equal(connect?.type, 'ptp')
        assert.equal(connect?.bridge, undefined)
      },
    ],
    [
      'addresses are the node’s, and everything is routed',
      { ...common, type: 'ptp' as const, mtu: 1400 },
      ([connect]: readonly Plugin[]) => {
        assert.deepEqual(connect?.ipam?.ranges, [[{ subnet: '10.1.2.0/24' }]])
        assert.deepEqual(connect?.ipam?.routes, [{ dst: '0.0.0.0/0' }])
        assert.equal(connect?.mtu, 1400)
      },
    ],
    [
      'IPv6 has a default route of its own',
      { ...common, type: 'ptp' as const, podCidr: 'fd00::/64' },
      ([connect]: readonly Plugin[]) => assert.deepEqual(connect?.ipam?.routes, [{ dst: '::/0' }]),
    ],
    [
      'host ports are always mapped',
      { ...common, type: 'bridge' as const },
      (plugins: readonly Plugin[]) => assert.equal(plugins[1]?.type, 'portmap'),
    ],
  ] as const)
    it(what, () => check(pluginsOf(cniConfig(network))))
})
