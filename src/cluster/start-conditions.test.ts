import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { type ClusterConfig, defaultConfig } from './cluster-config.js'
import { refuseChanges, requireFreePorts } from './start-conditions.js'

const known: ClusterConfig = { ...defaultConfig('shop'), address: '127.0.0.1' }

describe('changes of settings', () => {
  for (const [what, change, running, trouble] of [
    ['nothing', {}, true, undefined],
    ['the kubeconfig', { kubeconfig: '/tmp/k' }, true, undefined],
    ['a port of a cluster that is stopped', { apiPort: 1 }, false, undefined],
    ['a port of a cluster that runs', { apiPort: 1 }, true, /is up with other settings: --api-port is 6443, not 1/],
    ['nodes of a cluster that runs', { nodes: 3 }, true, /--nodes is 1, not 3/],
    ['the network of pods', { podCidr: '10.1.0.0/16' }, false, /was made with other settings: --pod-cidr/],
  ] as const)
    it(`${trouble ? 'refuses' : 'allows'} to change ${what}`, () => {
      const change_ = () => refuseChanges(known, { ...known, ...change }, running)
      if (trouble) assert.throws(change_, trouble)
      else change_()
    })
})

it('says which port is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await assert.rejects(requireFreePorts({ ...known, apiPort: port }), {
      message: `port ${port} is in use`,
      remedy: /--api-port/,
    })
  } finally {
    server.close()
  }
})

it('says which address the machine does not have', async () => {
  // Of the networks that are for documentation alone.
  await assert.rejects(
    requireFreePorts({ ...known, apiPort: 0, kubeletPort: 0, dnsPort: 0, address: '198.51.100.7' }),
    /198\.51\.100\.7 is no address of this machine/,
  )
})
