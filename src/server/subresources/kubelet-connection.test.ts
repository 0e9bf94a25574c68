import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Node } from '../../api/core/v1/index.js'
import { simulatedRuntime } from '../../machinery/simulated-runtime.js'
import type { Registries } from '../registry/registries.js'
import { KubeletConnection } from './kubelet-connection.js'

const ip = (address: string) => ({ type: 'InternalIP', address })
const hostname = { type: 'Hostname', address: 'one' }

/** What is known of a node, and where its kubelet is looked for, or why nowhere. */
const nodes: readonly (readonly [string, object, string | object])[] = [
  ['an address', { addresses: [hostname, ip('10.0.0.1')] }, 'https://10.0.0.1:10250/'],
  ['an IPv6 address', { addresses: [ip('fd00::1')] }, 'https://[fd00::1]:10250/'],
  [
    'a port of its own',
    { addresses: [ip('10.0.0.1')], daemonEndpoints: { kubeletEndpoint: { Port: 7 } } },
    'https://10.0.0.1:7/',
  ],
  ['a name alone', { addresses: [hostname] }, 'https://one:10250/'],
  ['nothing', {}, { code: 500, message: 'no preferred addresses found; known addresses: []' }],
  [
    'no containers',
    { addresses: [ip('198.18.0.1')], nodeInfo: { containerRuntimeVersion: simulatedRuntime } },
    { code: 400, message: /^node "one" is simulated/ },
  ],
]
for (const [what, status, wanted] of nodes)
  it(`the kubelet of a node with ${what}`, async () => {
    const node = { metadata: { name: 'one' }, status } as unknown as Node
    const registries = { of: () => ({ get: async () => ({ object: node }) }) } as unknown as Registries
    using connection = new KubeletConnection(registries, { clientCert: '', clientKey: '', ca: '' })
    const found = connection.baseOf('one')
    if (typeof wanted === 'string') assert.equal((await found).href, wanted)
    else await assert.rejects(found, wanted)
  })
