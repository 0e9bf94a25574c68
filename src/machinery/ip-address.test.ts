import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cidr,
  cidrContains,
  formatCidr,
  formatIp,
  ipAddress,
  parseCidr,
  parseIp,
  strictCidr,
  strictIpAddress,
} from './ip-address.js'

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
    for (const text of ['0.0.0.0/0', '10.1.0.0/16', '2001:db8::/64', '2001:DB8::/64']) {
      assert.deepEqual(cidr(text), [], text)
    }
  })
})

describe('forms that programs read differently', () => {
  const cases: [check: (text: string) => string[], text: string, messages: string[]][] = [
    [ipAddress, '10.9.8.7', []],
    [ipAddress, '2001:DB8::1', []],
    [ipAddress, '1.2.3', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [ipAddress, '010.1.2.3', ['must not have leading 0s']],
    [ipAddress, '::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    [text => ipAddress(text, new Set(['010.1.2.3'])), '010.1.2.3', []],
    [strictIpAddress, '2001:DB8::1', ['must be in canonical form ("2001:db8::1")']],
    [strictIpAddress, '010.1.2.3', ['must not have leading 0s']],
    [cidr, '10.1.2.3/8', ['must not have bits set beyond the prefix length']],
    [cidr, '010.0.0.0/8', ['must not have leading 0s in IP or prefix length']],
    [cidr, '10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    [cidr, '::ffff:10.0.0.0/104', ['must not have an IPv4-mapped IPv6 address']],
    [text => cidr(text, new Set(['10.1.2.3/8'])), '10.1.2.3/8', []],
    [strictCidr, '2001:DB8::/64', ['must be in canonical form ("2001:db8::/64")']],
    [strictCidr, '10.0.0.0/8', []],
  ]
  for (const [check, text, messages] of cases) it(text, () => assert.deepEqual(check(text), messages))
})
