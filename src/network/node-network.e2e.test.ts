import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { testFolder } from '../machinery/test-folder.js'
import { Netns } from './netns.js'
import { type CniType, cniConfig, outgoingMtu, removeNodeNetwork } from './node-network.js'

const plugins = '/usr/lib/cni'

interface CniResult {
  readonly ips: readonly { readonly address: string }[]
}

/** Runs the plugins of a configuration one after the other, as a runtime does. */
async function cni(node: Netns, command: 'ADD' | 'DEL', pod: Netns, conflist: string): Promise<CniResult | undefined> {
  const {
    cniVersion,
    name,
    plugins: chain,
  } = JSON.parse(conflist) as {
    cniVersion: string
    name: string
    plugins: { type: string }[]
  }
  let prevResult: CniResult | undefined
  for (const plugin of command === 'ADD' ? chain : chain.toReversed()) {
    const portMappings = [{ hostPort: 8081, containerPort: 8080, protocol: 'tcp' }]
    const runtimeConfig = plugin.type === 'portmap' ? { runtimeConfig: { portMappings } } : {}
    const result = await node.run(
      [
        'env',
        `CNI_COMMAND=${command}`,
        `CNI_CONTAINERID=pod${pod.pid}`,
        `CNI_NETNS=/proc/${pod.pid}/ns/net`,
        'CNI_IFNAME=eth0',
        `CNI_PATH=${plugins}`,
        join(plugins, plugin.type),
      ],
      {
        input: JSON.stringify({ cniVersion, name, ...plugin, ...runtimeConfig, ...(prevResult ? { prevResult } : {}) }),
      },
    )
    if (command === 'ADD') prevResult = JSON.parse(result) as CniResult
  }
  return prevResult
}

for (const type of ['bridge', 'ptp'] as const satisfies readonly CniType[])
  it(`the plugins connect pods by ${type}, serve host ports, and leave nothing`, async () => {
    const folder = testFolder()
    const namespaces = await Promise.all([Netns.open(), Netns.open(), Netns.open(), Netns.open()])
    const [node, client, first, second] = namespaces
    try {
      await node.sysctl({ 'net.ipv4.ip_forward': 1 })
      await node.ip(`
        link add eth0 mtu 1400 type veth peer name eth0 netns ${client.pid}
        addr add 192.0.2.1/24 dev eth0
        link set eth0 up
        route add default via 192.0.2.254`)
      await client.ip(`
        addr add 192.0.2.9/24 dev eth0
        link set eth0 up`)
      const mtu = await outgoingMtu({ run: node.run })
      assert.equal(mtu, 1400)
      const config = cniConfig({
        name: 't8s-test',
        type,
        podCidr: '10.244.0.0/24',
        bridge: 't8s-test',
        ipamDir: folder,
        ...(mtu ? { mtu } : {}),
      })
      const addresses: string[] = []
      for (const pod of [first, second]) {
        const result = await cni(node, 'ADD', pod, config)
        addresses.push(result?.ips[0]?.address.split('/')[0] ?? '')
        await pod.serve('tcp', 8080, 'pod')
      }
      assert.deepEqual(addresses, ['10.244.0.2', '10.244.0.3'])
      assert.match(await first.run(['ip', 'link', 'show', 'dev', 'eth0']), /mtu 1400/)
      assert.equal(await first.ask('tcp', '10.244.0.3', 8080), 'pod 10.244.0.2')
      assert.equal(await node.ask('tcp', '10.244.0.3', 8080), 'pod 10.244.0.1')
      assert.match(await client.ask('tcp', '192.0.2.1', 8081), /^pod 192.0.2.9/)

      for (const pod of [first, second]) await cni(node, 'DEL', pod, config)
      await removeNodeNetwork({ bridge: 't8s-test', ipamDir: folder, run: node.run })
      const links = JSON.parse(await node.run(['ip', '-j', 'link'])) as { ifname: string }[]
      assert.deepEqual(links.map(({ ifname }) => ifname).sort(), ['eth0', 'lo'])
      assert.equal(await node.run(['nft', 'list', 'tables']), '')
      await removeNodeNetwork({ bridge: 't8s-test', ipamDir: folder, run: node.run })
    } finally {
      await Promise.all(namespaces.map(netns => netns[Symbol.asyncDispose]()))
      await rm(folder, { recursive: true, force: true })
    }
  })
