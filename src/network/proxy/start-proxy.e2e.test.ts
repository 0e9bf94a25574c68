import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { Netns } from '../netns.js'
import { startProxy } from './proxy.js'

/**
 * Asks as fast as it can until the answer is as wanted, and says how long that took since `begin`, in ms. The longer that
 * is, the longer it waits for each answer: a busy machine may be slow to give them.
 */
async function until(begin: number, ask: (timeoutMs: number) => Promise<string>, wanted: RegExp): Promise<number> {
  for (;;) {
    const heard = await ask(20 + (performance.now() - begin) / 10)
    const took = performance.now() - begin
    if (wanted.test(heard)) return took
    assert.ok(took < 60_000, `still ${heard} after a minute`)
  }
}

it('services of a cluster work in the kernel soon after they change', async t => {
  await using cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
  const { client } = cluster
  const [node, first, second] = await Promise.all([Netns.open(), Netns.open(), Netns.open()])
  const pods = [first, second]
  try {
    await node.sysctl({ 'net.ipv4.ip_forward': 1 })
    for (const [at, pod] of pods.entries()) {
      await node.ip(`
        link add pod${at} type veth peer name eth0 netns ${pod.pid}
        addr add 10.244.0.1/32 dev pod${at}
        link set pod${at} up
        route add 10.244.0.${at + 2}/32 dev pod${at} src 10.244.0.1`)
      await pod.ip(`
        addr add 10.244.0.${at + 2}/32 dev eth0
        link set eth0 up
        route add 10.244.0.1/32 dev eth0
        route add default via 10.244.0.1`)
      for (const protocol of ['tcp', 'udp'] as const) await pod.serve(protocol, 8080, `pod${at}`)
    }
    await using proxy = await startProxy({
      client,
      nodeName: 'here',
      podCidr: '10.244.0.0/24',
      clusterCidr: '10.244.0.0/16',
      tableName: 't8s-test',
      run: node.run,
      onError: error => assert.fail(String(error)),
    })
    await proxy.ready
    await client.create(Service, {
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        clusterIP: '10.96.0.77',
        ports: [
          { name: 'udp', port: 80, targetPort: 8080, protocol: 'UDP' },
          { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' },
        ],
      },
    })
    const slice = (at: number) => ({
      metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [
        { name: 'udp', port: 8080, protocol: 'UDP' },
        { name: 'tcp', port: 8080, protocol: 'TCP' },
      ],
      endpoints: [{ addresses: [`10.244.0.${at + 2}`], conditions: { ready: true } }],
    })
    const asks = {
      tcp: (timeoutMs: number) => second.ask('tcp', '10.96.0.77', 80, { timeoutMs }),
      // Always from the same port: the kernel must forget where it sent the packets before.
      udp: (timeoutMs: number) => second.ask('udp', '10.96.0.77', 80, { socket: 'client', timeoutMs }),
    }
    await client.create(EndpointSlice, slice(0))
    for (const protocol of ['tcp', 'udp'] as const) {
      await until(performance.now(), asks[protocol], /^pod0/)
      for (const at of [1, 0, 1, 0]) {
        const begin = performance.now()
        await client.update(EndpointSlice, slice(at))
        const took = await until(begin, asks[protocol], at ? /^pod1/ : /^pod0/)
        t.diagnostic(`another endpoint, ${protocol}: ${took.toFixed(1)} ms`)
      }
    }
  } finally {
    await Promise.all([node, ...pods].map(netns => netns[Symbol.asyncDispose]()))
  }
})
