import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { EndpointSlice } from '../../api/discovery/v1/index.js'
import { Netns } from '../netns.js'
import { RulesetApplier, removeRules } from './apply.js'
import { forgetStaleFlows } from './conntrack.js'
import { assemble, planOf } from './ruleset.js'
import { serviceRules } from './service-rules.js'
import { testService, testSlice } from './test-objects.js'

const nodeAddress = '192.0.2.1'
const serviceIp = '10.96.0.1'

/** A node with three pods on it, a second address, and a client outside, all in namespaces of their own. */
class Topology implements AsyncDisposable {
  #services: readonly (readonly [Service, ...EndpointSlice[]])[] = []
  readonly errors: unknown[] = []
  #failed: (error: unknown) => void = () => {}
  readonly applier: RulesetApplier

  private constructor(
    readonly node: Netns,
    readonly client: Netns,
    readonly pods: readonly [Netns, Netns, Netns],
  ) {
    const plan = planOf({
      tableName: 't8s-test',
      nodeName: 'here',
      podCidr: '10.244.0.0/24',
      clusterCidr: '10.244.0.0/16',
    })
    this.applier = new RulesetApplier({
      ruleset: () =>
        assemble(
          plan,
          this.#services.flatMap(([service, ...slices]) => serviceRules(service, slices, plan) ?? []),
        ),
      onError: error => {
        this.errors.push(error)
        this.#failed(error)
      },
      run: node.run,
    })
  }

  static async build(type: 'ptp' | 'bridge'): Promise<Topology> {
    const [node, client, ...pods] = await Promise.all([
      Netns.open(),
      Netns.open(),
      Netns.open(),
      Netns.open(),
      Netns.open(),
    ])
    await node.sysctl({ 'net.ipv4.ip_forward': 1 })
    await node.ip(`
      link add eth0 type veth peer name eth0 netns ${client.pid}
      addr add ${nodeAddress}/24 dev eth0
      link set eth0 up
      route add default via 192.0.2.254`)
    await client.ip(`
      addr add 192.0.2.9/24 dev eth0
      link set eth0 up
      route add default via ${nodeAddress}`)
    if (type === 'bridge') {
      await node.sysctl({ 'net.bridge.bridge-nf-call-iptables': 1 })
      await node.ip(`
        link add pods type bridge
        addr add 10.244.0.1/24 dev pods
        link set pods up`)
    }
    for (const [at, pod] of pods.entries()) {
      const address = `10.244.0.${at + 2}`
      await node.ip(`link add pod${at} type veth peer name eth0 netns ${pod.pid}`)
      if (type === 'bridge')
        await node.ip(`
          link set pod${at} master pods
          link set pod${at} type bridge_slave hairpin on
          link set pod${at} up`)
      else
        await node.ip(`
          addr add 10.244.0.1/32 dev pod${at}
          link set pod${at} up
          route add ${address}/32 dev pod${at} src 10.244.0.1`)
      await pod.ip(
        type === 'bridge'
          ? `addr add ${address}/24 dev eth0
             link set eth0 up
             route add default via 10.244.0.1`
          : `addr add ${address}/32 dev eth0
             link set eth0 up
             route add 10.244.0.1/32 dev eth0
             route add default via 10.244.0.1`,
      )
      for (const protocol of ['tcp', 'udp'] as const) await pod.serve(protocol, 8080, `pod${at}`)
    }
    const [first, second, third] = pods
    assert.ok(first && second && third)
    return new Topology(node, client, [first, second, third])
  }

  /** Puts rules for these services in place. */
  async apply(...services: readonly (readonly [Service, ...EndpointSlice[]])[]): Promise<void> {
    this.#services = services
    this.applier.changed()
    await Promise.race([this.applier.settled(), new Promise(resolve => (this.#failed = resolve))])
    assert.deepEqual(this.errors, [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.applier[Symbol.asyncDispose]()
    await Promise.all([this.node, this.client, ...this.pods].map(netns => netns[Symbol.asyncDispose]()))
  }
}

const pod = (at: number) => ({ address: `10.244.0.${at + 2}`, nodeName: 'here' })
const elsewhere = { address: '10.244.1.2', nodeName: 'there' }
const udp = [{ port: 8080, protocol: 'UDP' }]
const nodePort = { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }] }

/** Who answers when one asks many times: `pod0 192.0.2.9` and such. */
async function answers(from: Netns, address: string, port: number, times = 60): Promise<string[]> {
  const heard = new Set<string>()
  for (let at = 0; at < times; at++) heard.add(await from.ask('tcp', address, port))
  return [...heard].sort()
}

it('service rules of IPv6', async () => {
  const [node, pod] = await Promise.all([Netns.open(), Netns.open()])
  try {
    await node.sysctl({ 'net.ipv6.conf.all.forwarding': 1 })
    await node.ip(`
      link add pod type veth peer name eth0 netns ${pod.pid}
      addr add fd00:1::1/64 dev pod nodad
      link set pod up
      route add default via fd00:1::fe`)
    await pod.ip(`
      addr add fd00:1::2/64 dev eth0 nodad
      link set eth0 up
      route add default via fd00:1::1`)
    await pod.serve('tcp', 8080, 'pod')
    const plan = planOf({ tableName: 't8s-test', nodeName: 'here', podCidr: 'fd00:1::/64', clusterCidr: 'fd00:1::/48' })
    const service = testService({ clusterIP: 'fd00::1', sessionAffinity: 'ClientIP' })
    const port = { port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }
    const open = testService({ clusterIP: 'fd00::2', type: 'NodePort', ports: [port] }, { name: 'open' })
    const empty = testService({ clusterIP: 'fd00::3' }, { name: 'empty' })
    const slice = testSlice(['fd00:1::2'], { family: 6 })
    await using applier = new RulesetApplier({
      ruleset: () =>
        assemble(
          plan,
          [service, open, empty].flatMap(each => serviceRules(each, each === empty ? [] : [slice], plan) ?? []),
        ),
      onError: error => assert.fail(String(error)),
      run: node.run,
    })
    applier.changed()
    await applier.settled()
    assert.equal(await pod.ask('tcp', 'fd00::3', 80), 'ECONNREFUSED')
    assert.equal(await pod.ask('udp', 'fd00::3', 80), 'ECONNREFUSED')
    assert.equal(await pod.ask('tcp', 'fd00::1', 80), 'pod fd00:1::1')
    assert.match(await node.ask('tcp', 'fd00::2', 80), /^pod fd00:1::1/)
    assert.equal(await pod.ask('tcp', 'fd00:1::1', 30080), 'pod fd00:1::1')
    await removeRules('t8s-test', { run: node.run })
    assert.equal(await node.run(['nft', 'list', 'tables']), '')
  } finally {
    await Promise.all([node, pod].map(netns => netns[Symbol.asyncDispose]()))
  }
})

for (const type of ['ptp', 'bridge'] as const)
  describe(`service rules in the kernel, pods by ${type}`, () => {
    let at: Topology
    before(async () => {
      at = await Topology.build(type)
    })
    after(async () => {
      await at[Symbol.asyncDispose]()
    })

    it('a cluster address leads pods to every endpoint, also to themselves', async () => {
      await at.apply([testService(), testSlice([pod(0), pod(1)])])
      assert.deepEqual(await answers(at.pods[2], serviceIp, 80), ['pod0 10.244.0.4', 'pod1 10.244.0.4'])
      // Who reaches itself comes from the node.
      assert.deepEqual(await answers(at.pods[0], serviceIp, 80), ['pod0 10.244.0.1', 'pod1 10.244.0.2'])
    })

    it('a cluster address leads the node and those outside to endpoints', async () => {
      await at.apply([testService(), testSlice([pod(0)])])
      assert.match(await at.node.ask('tcp', serviceIp, 80), /^pod0 /)
      assert.equal(await at.client.ask('tcp', serviceIp, 80), 'pod0 10.244.0.1')
    })

    it('refuses connections to services without endpoints and to ports that a service does not have', async () => {
      await at.apply(
        [testService(nodePort)],
        [
          testService(
            { clusterIP: '10.96.0.2', ports: [{ port: 53, protocol: 'UDP', targetPort: 53 }] },
            { name: 'dns' },
          ),
        ],
      )
      // Not the pod that has just reached itself: the kernel sends it a redirect, and few messages of that kind a second.
      for (const [name, from] of Object.entries({ pod: at.pods[1], node: at.node, client: at.client }))
        for (const [protocol, address, port] of [
          ['tcp', serviceIp, 80],
          ['tcp', serviceIp, 81],
          ['udp', '10.96.0.2', 53],
          ['tcp', nodeAddress, 30080],
        ] as const)
          assert.equal(
            await from.ask(protocol, address, port),
            'ECONNREFUSED',
            `${name}, ${protocol} ${address}:${port}`,
          )
    })

    it('node ports are served at every address of the node but the loopback', async () => {
      await at.apply([testService(nodePort), testSlice([pod(0), pod(1)])])
      for (const address of [nodeAddress, '10.244.0.1']) {
        assert.deepEqual(await answers(at.client, address, 30080), ['pod0 10.244.0.1', 'pod1 10.244.0.1'])
        assert.deepEqual(await answers(at.pods[2], address, 30080), ['pod0 10.244.0.1', 'pod1 10.244.0.1'])
        assert.match(await at.node.ask('tcp', address, 30080), /^pod[01] 10.244.0.1/)
      }
      assert.equal(await at.node.ask('tcp', '127.0.0.1', 30080), 'ECONNREFUSED')
    })

    it('external traffic policy Local keeps the address of those outside', async () => {
      const local = { ...nodePort, externalTrafficPolicy: 'Local', externalIPs: ['203.0.113.7'] }
      await at.apply([testService(local), testSlice([pod(1), elsewhere])])
      assert.deepEqual(await answers(at.client, nodeAddress, 30080, 8), ['pod1 192.0.2.9'])
      assert.deepEqual(await answers(at.client, '203.0.113.7', 80, 8), ['pod1 192.0.2.9'])
      await at.apply([testService(local), testSlice([elsewhere])])
      assert.equal(await at.client.ask('tcp', nodeAddress, 30080, { timeoutMs: 300 }), 'timeout')
    })

    it('load balancer addresses are open to the given networks alone', async () => {
      const service = (range: string) =>
        testService({ type: 'LoadBalancer', loadBalancerSourceRanges: [range] }, { ingress: [{ ip: '203.0.113.8' }] })
      await at.apply([service('192.0.2.0/24'), testSlice([pod(0)])])
      assert.equal(await at.client.ask('tcp', '203.0.113.8', 80), 'pod0 10.244.0.1')
      await at.apply([service('198.51.100.0/24'), testSlice([pod(0)])])
      assert.equal(await at.client.ask('tcp', '203.0.113.8', 80, { timeoutMs: 300 }), 'timeout')
    })

    it('client affinity holds a client to its endpoint, also through a restart, until the endpoint goes', async () => {
      const affine = testService({ sessionAffinity: 'ClientIP' })
      await at.apply([affine, testSlice([pod(0), pod(1)])])
      const [chosen = '', ...others] = await answers(at.pods[2], serviceIp, 80)
      assert.deepEqual(others, [])

      const run: string[] = []
      await using successor = new RulesetApplier({
        ruleset: () => at.applier.applied ?? assert.fail(),
        onError: error => assert.fail(String(error)),
        run: (argv, options) => {
          run.push(argv.join(' '))
          return at.node.run(argv, options)
        },
      })
      successor.changed()
      await successor.settled()
      assert.deepEqual(run, ['nft --terse list table ip t8s-test', 'nft --file -'])
      assert.deepEqual(await answers(at.pods[2], serviceIp, 80), [chosen])

      const other = chosen.startsWith('pod0') ? 1 : 0
      await at.apply([affine, testSlice([pod(other)])])
      assert.deepEqual(await answers(at.pods[2], serviceIp, 80), [`pod${other} 10.244.0.4`])
    })

    it('UDP clients are led away from endpoints that have gone', async () => {
      const service = testService({
        type: 'NodePort',
        ports: [{ port: 80, targetPort: 8080, nodePort: 30080, protocol: 'UDP' }],
      })
      await at.apply([service, testSlice([pod(0)], { ports: udp })])
      const ask = async () => [
        await at.pods[2].ask('udp', serviceIp, 80, { socket: 'a' }),
        await at.client.ask('udp', nodeAddress, 30080, { socket: 'b' }),
      ]
      assert.deepEqual(await ask(), ['pod0 10.244.0.4', 'pod0 10.244.0.1'])
      await at.apply([service, testSlice([pod(1)], { ports: udp })])
      assert.deepEqual(await ask(), ['pod0 10.244.0.4', 'pod0 10.244.0.1'], 'the kernel goes by the first packet')
      const { family, udp: ports } = at.applier.applied ?? assert.fail()
      const options = { run: at.node.run, nodeAddresses: [nodeAddress] }
      assert.equal(await forgetStaleFlows({ family, udp: ports }, options), 2)
      assert.deepEqual(await ask(), ['pod1 10.244.0.4', 'pod1 10.244.0.1'])
      assert.equal(await forgetStaleFlows({ family, udp: ports }, options), 0)
    })

    it('endpoints may be on the node itself', async () => {
      for (const protocol of ['tcp', 'udp'] as const) await at.node.serve(protocol, 10053, 'node', nodeAddress)
      const ports = (['TCP', 'UDP'] as const).map(protocol => ({ name: protocol, protocol, port: 10053 }))
      const service = testService({ ports: ports.map(port => ({ ...port, port: 53, targetPort: 10053 })) })
      await at.apply([service, testSlice([{ address: nodeAddress, nodeName: 'here' }], { ports })])
      for (const protocol of ['tcp', 'udp'] as const) {
        assert.equal(await at.pods[0].ask(protocol, serviceIp, 53), 'node 10.244.0.2')
        assert.equal(await at.node.ask(protocol, serviceIp, 53), `node ${nodeAddress}`)
        assert.equal(await at.client.ask(protocol, serviceIp, 53), 'node 192.0.2.9')
      }
    })

    it('hides pods from those outside the cluster', async () => {
      await at.apply()
      await at.client.serve('tcp', 9000, 'outside')
      assert.equal(await at.pods[0].ask('tcp', '192.0.2.9', 9000), `outside ${nodeAddress}`)
      await at.node.serve('tcp', 9001, 'node')
      assert.equal(await at.pods[0].ask('tcp', nodeAddress, 9001), 'node 10.244.0.2')
      assert.equal(await at.pods[0].ask('tcp', '10.244.0.3', 8080), 'pod1 10.244.0.2')
    })

    it('repairs a table that somebody has removed, and removes it in the end', async () => {
      await at.apply([testService(), testSlice([pod(0)])])
      await at.node.run(['nft', 'flush', 'ruleset'])
      const slice = testSlice([pod(1)])
      await at.apply([testService(), slice]).catch(() => {})
      await at.applier.settled()
      assert.match(String(at.errors.splice(0)), /No such file or directory/)
      assert.equal(await at.pods[2].ask('tcp', serviceIp, 80), 'pod1 10.244.0.4')
      assert.ok(at.applier.healthy)
      await removeRules('t8s-test', { run: at.node.run })
      assert.equal(await at.node.run(['nft', 'list', 'tables']), '')
    })
  })
