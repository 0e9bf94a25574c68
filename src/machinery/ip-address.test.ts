import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cidr, cidrContains, formatCidr, formatIp, ipAddress, parseCidr, parseIp } from './ip-address.js'

describe('addresses', () => {
  const cases: [string, string | undefined][] = [
    ['10.9.8.7', '10.9.8.7'],
    ['010.009.8.7', '10.9.8.7'],
    ['255.255.255.255', '255.255.255.255'],
    ['1.2.3', undefined],
    ['1.2.3.256', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::', 'fe80::'],
    ['fe80::1%eth0', undefined],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1::2::3', undefined],
    ['x', undefined],
  ]
  for (const [text, expected] of cases) {
    it(text, () => {
      const parsed = parseIp(text)
      assert.equal(parsed && formatIp(parsed), expected)
      assert.deepEqual(
        ipAddress(text),
        expected ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
      )
    })
  }
})

describe('networks', () => {
  it('clear the bits beyond the prefix', () => {
    const network = parseCidr('10.1.2.3/8')
    assert.ok(network)
    assert.equal(formatCidr(network), '10.0.0.0/8')
    assert.equal(cidrContains(network, parseIp('10.255.0.1') ?? assert.fail()), true)
    assert.equal(cidrContains(network, parseIp('11.0.0.1') ?? assert.fail()), false)
    assert.equal(cidrContains(network, parseIp('::1') ?? assert.fail()), false)
  })

  it('are checked', () => {
    const wrong = ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
    for (const text of ['10.0.0.0', '10.0.0.0/33', 'x/1', '::/129', '/8']) assert.deepEqual(cidr(text), wrong, text)
    for (const text of ['10.0.0.0/0', '10.1.2.3/8', '2001:db8::/64', '::ffff:10.0.0.0/104']) {
      assert.deepEqual(cidr(text), [], text)
    }
    assert.deepEqual(cidr('10.1.2.3/8', true), ['must not have bits set beyond the prefix length'])
    assert.deepEqual(ipAddress('::ffff:1.2.3.4', true), ['must not be an IPv4-mapped IPv6 address'])
    assert.deepEqual(ipAddress('010.1.2.3', true), ['must not have leading 0s'])
  })
})
