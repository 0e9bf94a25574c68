import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { afterUpdate, emptyTable, removalScript, replaceScript, tableOf, updateScript } from './nft-script.js'
import { assemble, planOf, type Ruleset, type RulesetOptions } from './ruleset.js'
import { serviceRules } from './service-rules.js'
import { testService, testSlice } from './test-objects.js'

const options: RulesetOptions = {
  tableName: 't',
  nodeName: 'here',
  podCidr: '10.244.0.0/24',
  clusterCidr: '10.244.0.0/16',
}

function ruleset(
  services: readonly (readonly [Service, ...EndpointSlice[]])[],
  changes: Partial<RulesetOptions> = {},
): Ruleset {
  const plan = planOf({ ...options, ...changes })
  return assemble(
    plan,
    services.flatMap(([service, ...slices]) => serviceRules(service, slices, plan) ?? []),
  )
}

const web = testService()
const both = testSlice([{ address: '10.244.0.5', nodeName: 'here' }, '10.244.1.6'])
const first = testSlice([{ address: '10.244.0.5', nodeName: 'here' }])
const lines = (script: string): string[] => script.split('\n').filter(line => line)

describe('a whole ruleset', () => {
  it('is printed as one transaction', () => {
    assert.deepEqual(lines(replaceScript(ruleset([[web, both]]))), [
      'add table ip t',
      'delete table ip t',
      'add table ip t',
      'add chain ip t nat-prerouting { type nat hook prerouting priority -100; policy accept; }',
      'add chain ip t nat-output { type nat hook output priority -100; policy accept; }',
      'add chain ip t nat-postrouting { type nat hook postrouting priority 100; policy accept; }',
      'add chain ip t services',
      'add chain ip t refuse',
      'add chain ip t discard',
      'add chain ip t service/default/web/tcp/80',
      'add set ip t cluster-ips { type ipv4_addr; }',
      'add set ip t hairpins { type ipv4_addr . ipv4_addr; }',
      'add map ip t service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }',
      'add map ip t node-ports { type inet_proto . inet_service : verdict; }',
      'add rule ip t nat-prerouting jump services',
      'add rule ip t nat-output jump services',
      'add rule ip t nat-postrouting meta mark & 0x4000 != 0 meta mark set meta mark xor 0x4000 masquerade fully-random',
      'add rule ip t nat-postrouting ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random',
      'add rule ip t nat-postrouting ip saddr 10.244.0.0/24 ip daddr != { 10.244.0.0/16, 224.0.0.0/4 } masquerade fully-random',
      'add rule ip t services ip daddr @cluster-ips ip saddr != 10.244.0.0/16 meta mark set meta mark or 0x4000',
      'add rule ip t services ip daddr . meta l4proto . th dport vmap @service-ips',
      'add rule ip t services ip daddr @cluster-ips goto refuse',
      'add rule ip t services fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @node-ports',
      'add rule ip t refuse meta l4proto tcp reject with tcp reset',
      'add rule ip t refuse reject with icmp type port-unreachable',
      'add rule ip t discard drop',
      'add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.1.6 . 8080 }',
      'add element ip t cluster-ips { 10.96.0.1 }',
      'add element ip t hairpins { 10.244.0.5 . 10.244.0.5 }',
      'add element ip t service-ips { 10.96.0.1 . tcp . 80 : goto service/default/web/tcp/80 }',
    ])
  })

  it('serves node ports at given addresses alone', () => {
    const rules = (nodeAddresses: readonly string[]) =>
      ruleset([], { nodeAddresses })
        .chains.get('services')
        ?.rules.filter(rule => rule.includes('@node-ports'))
    assert.deepEqual(rules(['192.0.2.2', 'fd00::2', '192.0.2.2', '192.0.2.3']), [
      'ip daddr { 192.0.2.2, 192.0.2.3 } meta l4proto . th dport vmap @node-ports',
    ])
    assert.deepEqual(rules([]), [])
  })

  it('gives a cluster address to its owner, and anything else that several claim to the first by name', () => {
    const thief = testService(
      { clusterIP: '10.96.0.2', externalIPs: ['10.96.0.1', '203.0.113.1'] },
      { name: 'a-thief' },
    )
    const other = testService({ clusterIP: '10.96.0.3', externalIPs: ['203.0.113.1'] }, { name: 'b-other' })
    const stolen = testSlice(['10.244.0.66'])
    for (const services of [
      [
        [web, both],
        [thief, stolen],
        [other, stolen],
      ],
      [
        [other, stolen],
        [thief, stolen],
        [web, both],
      ],
    ] as const) {
      const claims = ruleset(services).sets.get('service-ips')?.elements
      assert.equal(claims?.get('10.96.0.1 . tcp . 80'), 'goto service/default/web/tcp/80')
      assert.equal(claims?.get('203.0.113.1 . tcp . 80'), 'goto external/default/a-thief/tcp/80')
    }
  })

  for (const [title, change, message] of [
    ['no network', { podCidr: '10.244.0.0' }, /10\.244\.0\.0 is no network/],
    ['two families', { podCidr: 'fd00::/64' }, /different IP families/],
    ['a bad table name', { tableName: 'a b' }, /"a b" cannot be the name/],
  ] as const)
    it(`refuses ${title}`, () => assert.throws(() => planOf({ ...options, ...change }), message))
})

describe('updates', () => {
  const affine = testService({ sessionAffinity: 'ClientIP' })
  const cases: readonly (readonly [string, Ruleset, Ruleset, readonly string[], readonly string[]])[] = [
    ['nothing', ruleset([[web, both]]), ruleset([[web, both]]), [], []],
    [
      'an endpoint goes',
      ruleset([[web, both]]),
      ruleset([[web, first]]),
      [
        'flush chain ip t service/default/web/tcp/80',
        'add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.0.5:8080',
      ],
      [],
    ],
    [
      'the last endpoint goes',
      ruleset([[web, first]]),
      ruleset([[web]]),
      [
        'delete element ip t hairpins { 10.244.0.5 . 10.244.0.5 }',
        'delete element ip t service-ips { 10.96.0.1 . tcp . 80 }',
        'flush chain ip t service/default/web/tcp/80',
        'add element ip t service-ips { 10.96.0.1 . tcp . 80 : goto refuse }',
      ],
      ['delete chain ip t service/default/web/tcp/80'],
    ],
    [
      'a service comes',
      ruleset([]),
      ruleset([[web, testSlice(['10.244.1.6'])]]),
      [
        'add chain ip t service/default/web/tcp/80',
        'add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.1.6:8080',
        'add element ip t cluster-ips { 10.96.0.1 }',
        'add element ip t service-ips { 10.96.0.1 . tcp . 80 : goto service/default/web/tcp/80 }',
      ],
      [],
    ],
    [
      'clients are no longer held to an endpoint',
      ruleset([[affine, testSlice(['10.244.1.6'])]]),
      ruleset([[web, testSlice(['10.244.1.6'])]]),
      [
        'flush chain ip t service/default/web/tcp/80',
        'add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.1.6:8080',
        'flush chain ip t endpoint/default/web/tcp/80/10.244.1.6/8080',
      ],
      [
        'delete chain ip t endpoint/default/web/tcp/80/10.244.1.6/8080',
        'delete set ip t affinity/10800/default/web/tcp/80/10.244.1.6/8080',
      ],
    ],
  ]
  for (const [title, before, after, update, removal] of cases)
    it(title, () => {
      assert.deepEqual(lines(updateScript(before, after)), update)
      const left = afterUpdate(before, after)
      assert.deepEqual(lines(removalScript(left, after)), removal)
      assert.equal(updateScript(left, after), '', 'an update leaves nothing to update')
    })

  it('empties what is left over but once, and takes it into use again', () => {
    const before = ruleset([[web, first]])
    const without = ruleset([])
    const left = afterUpdate(before, without)
    assert.equal(updateScript(left, without), '')
    assert.deepEqual(
      lines(updateScript(left, before)).filter(line => line.includes('chain') || line.includes('rule ')),
      [
        'flush chain ip t service/default/web/tcp/80',
        'add rule ip t service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.0.5:8080',
      ],
    )
  })

  it('takes over a table of which only names are known, leaving what the kernel added', () => {
    const wanted = ruleset([[affine, first]])
    const affinity = 'affinity/10800/default/web/tcp/80/10.244.0.5/8080'
    const listing = [
      'table ip t {',
      '\tset cluster-ips {',
      '\t\ttype ipv4_addr',
      '\t}',
      '',
      '\tmap service-ips {',
      '\t}',
      `\tset ${affinity} {`,
      '\t}',
      '\tset affinity/1/old {',
      '\t}',
      '\tchain services {',
      '\t\tip daddr { 1.2.3.4 } accept',
      '\t}',
      '\tchain service/old {',
      '\t}',
      '}',
    ]
    const present = tableOf(listing.join('\n'))
    const update = lines(updateScript(present, wanted))
    for (const command of ['flush chain ip t services', 'flush chain ip t service/old', 'flush map ip t service-ips'])
      assert.ok(update.includes(command), command)
    // Declared once more, so that nft fails should they be something else.
    for (const command of ['add chain ip t services', `add set ip t ${affinity} `, 'add set ip t cluster-ips '])
      assert.ok(
        update.some(line => line.startsWith(command)),
        command,
      )
    assert.ok(!update.some(line => line.startsWith(`flush set ip t ${affinity}`)))
    assert.deepEqual(lines(removalScript(afterUpdate(present, wanted), wanted)), [
      'delete chain ip t service/old',
      'delete set ip t affinity/1/old',
    ])
  })

  it('splits long lists of elements', () => {
    const services = Array.from(
      { length: 1200 },
      (_, at) => [testService({ clusterIP: `10.96.${at >> 8}.${at & 255}` }, { name: `web-${at}` })] as const,
    )
    const added = lines(updateScript(emptyTable, ruleset(services))).filter(line => line.startsWith('add element'))
    assert.equal(added.length, 6)
  })
})
