import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ClusterConfig, defaultConfig } from './cluster-config.js'
import { localNodes } from './local-nodes.js'

const config = (settings: Partial<ClusterConfig>): ClusterConfig => ({
  ...defaultConfig('shop'),
  nodeName: 'vm',
  address: '192.0.2.7',
  ...settings,
})

it('makes the machine the first node and namespaces the others', () => {
  assert.deepEqual(localNodes(config({ nodes: 2, nodeCidr: '10.9.0.0/24' })), [
    { name: 'vm', address: '192.0.2.7', process: 'node', cgroup: '/t8s-shop' },
    {
      name: 'vm-2',
      address: '10.9.0.2',
      process: 'node-2',
      cgroup: '/t8s-shop.2',
      namespace: { name: 't8s-shop.2', link: 't8s2-shop', address: '10.9.0.2', gateway: '10.9.0.1' },
    },
  ])
})

it('gives links names that the kernel takes', () => {
  const [, , last] = localNodes(config({ name: 'a-cluster-with-a-long-name', nodes: 3 }))
  assert.equal(last?.namespace?.link, 't8s3-ong-name')
})

it('says when there are too few addresses', () => {
  assert.equal(localNodes(config({ nodes: 6, nodeCidr: '10.9.0.0/29' })).length, 6)
  assert.throws(() => localNodes(config({ nodes: 7, nodeCidr: '10.9.0.0/29' })), /no address for a node number 7/)
  assert.throws(() => localNodes(config({ nodes: 2, nodeCidr: 'fd00::/64' })), /no address/)
})
