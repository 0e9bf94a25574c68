import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseResolvConf, type ResolvConf } from './resolv-conf.js'

const cases: readonly (readonly [title: string, text: string, expected: Partial<ResolvConf>])[] = [
  ['an empty file', '', { nameservers: [], timeoutMs: 2000, attempts: 2 }],
  [
    'servers of both families',
    'domain example.com\nnameserver 192.0.2.1\nnameserver\tfd00::1  # ours\nnameserver fe80::1%eth0\n',
    { nameservers: ['192.0.2.1', 'fd00::1', 'fe80::1%eth0'] },
  ],
  [
    'no more than three servers',
    'nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4',
    { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3'] },
  ],
  [
    'what makes no sense',
    'nameserver\nnameserver localhost\nnameservers 1.1.1.1\n;nameserver 1.1.1.2',
    { nameservers: [] },
  ],
  ['options', 'options ndots:5 timeout:3 attempts:4 edns0', { timeoutMs: 3000, attempts: 4 }],
  ['options beyond their limits', 'options timeout:0 attempts:9999', { timeoutMs: 1000, attempts: 5 }],
]

for (const [title, text, expected] of cases)
  it(`resolv.conf: ${title}`, () => {
    const parsed: { readonly [name: string]: unknown } = { ...parseResolvConf(text) }
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(parsed[name], value, name)
  })
