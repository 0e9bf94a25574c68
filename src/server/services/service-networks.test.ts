import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatCidr } from '../../machinery/ip-address.js'
import { serviceNetworks } from './service-networks.js'

describe('networks of services', () => {
  for (const text of ['10.96.0.0/16', 'fd00::/112', '10.96.0.0/16,fd00::/112', 'fd00::/112,10.96.0.0/16'])
    it(text, () => assert.equal(serviceNetworks(text).map(formatCidr).join(), text))
  it('may be apart', () => assert.equal(serviceNetworks('10.96.0.0/16, fd00::/112').length, 2))

  for (const [text, expected] of [
    ['', /^ is no network/],
    ['10.96.0.0', /^10.96.0.0 is no network/],
    ['10.96.0.0/16,', /^ is no network/],
    ['10.96.0.0/16,10.97.0.0/16', /is not one network of each family/],
    ['10.96.0.0/16,fd00::/112,fd01::/112', /is not one network of each family/],
  ] as const)
    it(`are none: ${text}`, () => assert.throws(() => serviceNetworks(text), { message: expected }))
})
