import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProgramError, type RunProgram } from '../run-program.js'
import { changedUdp, FlowCleaner, forgetStaleFlows, staleFlows, udpFlows } from './conntrack.js'
import type { Ruleset } from './ruleset.js'

const listing = `udp      17 29 src=10.244.0.4 dst=10.96.0.10 sport=40000 dport=53 src=10.244.0.2 dst=10.244.0.4 sport=5353 dport=40000 mark=0 use=1
udp      17 10 src=10.244.0.5 dst=10.96.0.10 sport=40001 dport=53 [UNREPLIED] src=10.244.0.3 dst=10.244.0.5 sport=5353 dport=40001 mark=0 use=1
udp      17 10 src=10.244.0.6 dst=10.96.0.10 sport=40002 dport=53 [UNREPLIED] src=10.244.0.3 dst=10.244.0.6 sport=5353 dport=40002 mark=0 use=1
udp      17 10 src=192.0.2.9 dst=192.0.2.1 sport=40003 dport=30053 src=10.244.0.3 dst=10.244.0.1 sport=5353 dport=9 mark=0 use=1
udp      17 10 src=10.244.0.7 dst=198.51.100.1 sport=40004 dport=30053 src=198.51.100.1 dst=192.0.2.1 sport=30053 dport=40004 mark=0 use=1
udp      17 10 src=10.244.0.7 dst=10.96.0.99 sport=40004 dport=53 [UNREPLIED] src=10.96.0.99 dst=10.244.0.7 sport=53 dport=40004 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 6 flow entries have been shown.
`
const left = new Set(['10.244.0.2:5353'])
const udp = new Map([
  ['10.96.0.10:53', left],
  [':30053', left],
])

describe('UDP flows', () => {
  it('are read from what conntrack prints', () => {
    const flows = udpFlows(listing)
    assert.equal(flows.length, 6)
    assert.deepEqual(flows[0], {
      destination: { address: '10.96.0.10', port: 53 },
      answerer: { address: '10.244.0.2', port: 5353 },
    })
    const v6 =
      'udp 17 9 src=fd00:1::5 dst=fd00::a sport=1 dport=53 src=fd00:1::2 dst=fd00:1::5 sport=5353 dport=1 mark=0 use=1'
    assert.equal(
      staleFlows(udpFlows(v6), new Map([['[fd00::a]:53', new Set(['[fd00:1::2]:5353'])]]), new Set()).length,
      0,
    )
    assert.equal(staleFlows(udpFlows(v6), new Map([['[fd00::a]:53', new Set<string>()]]), new Set()).length, 1)
  })

  it('are stale if no endpoint answers them, each kind but once', () => {
    const stale = staleFlows(udpFlows(listing), udp, new Set(['192.0.2.1']))
    assert.deepEqual(stale, [
      { destination: { address: '10.96.0.10', port: 53 }, answerer: { address: '10.244.0.3', port: 5353 } },
      { destination: { address: '192.0.2.1', port: 30053 }, answerer: { address: '10.244.0.3', port: 5353 } },
    ])
  })

  it('are forgotten one kind after the other', async () => {
    const run: string[] = []
    const program: RunProgram = async argv => {
      run.push(argv.join(' '))
      if (argv[1] === '-L') return listing
      throw new ProgramError(argv, 1, 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.')
    }
    assert.equal(await forgetStaleFlows({ family: 'ip', udp }, { run: program, nodeAddresses: ['192.0.2.1'] }), 2)
    assert.deepEqual(run, [
      'conntrack -L -f ipv4 -p udp',
      'conntrack -D -f ipv4 -p udp -d 10.96.0.10 --orig-port-dst 53 -r 10.244.0.3 --reply-port-src 5353',
      'conntrack -D -f ipv4 -p udp -d 192.0.2.1 --orig-port-dst 30053 -r 10.244.0.3 --reply-port-src 5353',
    ])
  })
})

describe('changedUdp', () => {
  const of = (ports: { readonly [frontend: string]: readonly string[] }) =>
    new Map(Object.entries(ports).map(([frontend, endpoints]) => [frontend, new Set(endpoints)]))
  const cases = [
    ['a new port, whose packets may have gone astray', {}, { p: ['a'] }, { p: ['a'] }],
    ['an endpoint lost', { p: ['a', 'b'] }, { p: ['b'] }, { p: ['b'] }],
    ['an endpoint replaced', { p: ['a'] }, { p: ['b'] }, { p: ['b'] }],
    ['the first endpoint', { p: [] }, { p: ['a'] }, { p: ['a'] }],
    ['one more endpoint', { p: ['a'] }, { p: ['a', 'b'] }, {}],
    ['the same', { p: ['a'] }, { p: ['a'] }, {}],
    ['a port gone', { p: ['a'] }, {}, { p: [] }],
  ] as const
  for (const [title, before, after, expected] of cases)
    it(title, () => assert.deepEqual(changedUdp(of(before), of(after)), of(expected)))
})

it('the cleaner takes changes that come during a run together', async () => {
  const lists: (() => void)[] = []
  let deleted = 0
  const failures: unknown[] = []
  await using cleaner = new FlowCleaner({
    nodeAddresses: [],
    onError: error => failures.push(error),
    async run(argv) {
      if (argv[1] === '-D') deleted++
      else await new Promise<void>(resolve => lists.push(resolve))
      return listing
    },
  })
  const ruleset = (endpoints: readonly string[]): Ruleset => ({
    family: 'ip',
    table: 't',
    chains: new Map(),
    sets: new Map(),
    udp: new Map([['10.96.0.10:53', new Set(endpoints)]]),
  })
  const [none, first, second] = [ruleset([]), ruleset(['10.244.0.2:5353']), ruleset(['10.244.0.3:5353'])]
  cleaner.changed(none, undefined)
  cleaner.changed(first, none)
  cleaner.changed(second, first)
  assert.equal(lists.length, 1)
  lists.shift()?.()
  // The first run knew nothing of endpoints: both kinds of flows were stale to it.
  while (!lists.length) await new Promise(setImmediate)
  assert.equal(deleted, 2)
  lists.shift()?.()
  await cleaner.settled()
  assert.equal(deleted, 3)
  assert.equal(lists.length, 0)
  assert.deepEqual(failures, [])
})
