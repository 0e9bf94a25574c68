import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../machinery/path.js'
import { addressWarnings, networkWarnings } from './address-warnings.js'

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
