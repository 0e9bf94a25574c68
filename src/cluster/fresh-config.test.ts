import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ClusterConfig, defaultConfig } from './cluster-config.js'
import { freshConfig } from './fresh-config.js'

const places = ({ apiPort, kubeletPort, dnsPort, serviceCidr, dnsAddress, podCidr, nodeCidr }: ClusterConfig) =>
  [apiPort, kubeletPort, dnsPort, serviceCidr, dnsAddress, podCidr, nodeCidr].join(' ')

const first = defaultConfig('first')
const second = freshConfig('second', [first])

for (const [what, others, expected] of [
  ['the usual', [], '6443 10250 10053 10.96.0.0/16 10.96.0.10 10.244.0.0/16 10.89.0.0/24'],
  ['the next of all', [first], '6444 10350 10054 10.97.0.0/16 10.97.0.10 10.243.0.0/16 10.89.1.0/24'],
  ['what is left by another that is gone', [second], places(first)],
  ['none that two others have', [first, second], '6445 10450 10055 10.98.0.0/16 10.98.0.10 10.242.0.0/16 10.89.2.0/24'],
  [
    'the next if only a network overlaps',
    [{ ...first, apiPort: 1, kubeletPort: 2, dnsPort: 3, podCidr: '10.0.0.0/9', nodeCidr: '10.200.0.0/24' }],
    places(second),
  ],
] as const)
  it(`gives a new cluster ${what}`, () => assert.equal(places(freshConfig('new', others)), expected))
