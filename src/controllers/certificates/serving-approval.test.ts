import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Node } from '../../api/core/v1/index.js'
import { parseCidr } from '../../machinery/ip-address.js'
import { servingObjection } from './serving-approval.js'
import { signers } from './signers.js'

// Served under: kubernetes, 192.0.2.1 and 10.96.0.1; made with openssl, valid for 100 years.
const apiServer = new X509Certificate(`-----BEGIN CERTIFICATE-----
MIIBqzCCAVKgAwIBAgIUAJTNayCMfcUay3Px7KG1huMopE4wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOa3ViZS1hcGlzZXJ2ZXIwIBcNMjYxMTIxMTY1ODQ5WhgPMjEy
NjEwMjgxNjU4NDlaMBkxFzAVBgNVBAMMDmt1YmUtYXBpc2VydmVyMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEjidcgdus8PZ6PF8M0GOlAh8Gde6+Vu9QXzIkQ1O4
2iKk6him0rt5ShH6cc0zLLXNQfS2nPk7wjhipPOyf3PGC6N2MHQwHQYDVR0OBBYE
FAIHy/N2QhjYbCI+m4fZceYhF6cfMB8GA1UdIwQYMBaAFAIHy/N2QhjYbCI+m4fZ
ceYhF6cfMA8GA1UdEwEB/wQFMAMBAf8wIQYDVR0RBBowGIIKa3ViZXJuZXRlc4cE
wAACAYcECmAAATAKBggqhkjOPQQDAgNHADBEAiBvD2Yso8bM3gz3PWBv1XJwS9Mo
Wj72xjVvIxSJ0dOaQgIgZ6n/9lExIirVS4iVNyJcWXc1marQy4fyQlwSitG74yQ=
-----END CERTIFICATE-----
`)

const node = (name: string, addresses: readonly string[], podCIDRs: readonly string[] = []) =>
  ({
    metadata: { name },
    spec: { podCIDRs },
    status: {
      addresses: [{ type: 'Hostname', address: name }, ...addresses.map(address => ({ type: 'InternalIP', address }))],
    },
  }) as unknown as Node

const facts = {
  nodes: [
    node('a', ['192.0.2.7', '2001:db8::7', '10.96.0.9', '10.244.1.5', '127.0.0.1', '192.0.2.1', '192.0.2.8']),
    node('b', ['192.0.2.8'], ['10.244.1.0/24']),
    node('kubernetes', ['192.0.2.9']),
  ],
  serviceNetworks: [parseCidr('10.96.0.0/16')].flatMap(cidr => cidr ?? []),
  apiServers: [apiServer],
  apiServerNodes: ['beside'],
}

const request = (name: string, change: object = {}) => ({
  signerName: signers.kubeletServing,
  username: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
  usages: ['digital signature', 'server auth'],
  ...change,
})
const asked = (name: string, dns: readonly string[], addresses: readonly string[]) => ({
  subject: { commonName: `system:node:${name}`, organizations: ['system:nodes'] },
  names: { dns, addresses, emails: [], uris: [] },
})

type Row = readonly [string, object, ReturnType<typeof asked>, string | undefined, Partial<typeof facts>?]
const rows: readonly Row[] = [
  ['its name and addresses', request('a'), asked('a', ['a'], ['192.0.2.7', '2001:db8::7']), undefined],
  ['an address in another form', request('a'), asked('a', [], ['2001:0db8::0007']), undefined],
  [
    'for another signer',
    request('a', { signerName: 'example.com/x' }),
    asked('a', ['a'], []),
    'signerName is not kubernetes.io/kubelet-serving',
  ],
  ['for another node', request('a'), asked('b', ['b'], []), 'system:node:a asks for system:node:b'],
  ['a person', request('a', { username: 'jane' }), asked('a', ['a'], []), 'jane asks for system:node:a'],
  ['outside the group', request('a', { groups: [] }), asked('a', ['a'], []), 'system:node:a asks for system:node:a'],
  ['of no node', request('x'), asked('x', ['x'], []), 'there is no node x'],
  ['without names', request('a'), asked('a', [], []), 'DNS or IP subjectAltName is required'],
  ['another name', request('a'), asked('a', ['a', 'b'], []), 'the name b is not that of the node'],
  ['a service', request('a'), asked('a', ['web.default.svc'], []), 'the name web.default.svc is not that of the node'],
  [
    'under a name of API servers',
    request('kubernetes'),
    asked('kubernetes', ['kubernetes'], []),
    'API servers serve under the name kubernetes',
  ],
  [
    'an address of nobody',
    request('a'),
    asked('a', [], ['198.51.100.1']),
    'the node a does not have the address 198.51.100.1',
  ],
  ['the loopback', request('a'), asked('a', [], ['127.0.0.1']), "the address 127.0.0.1 is not one node's alone"],
  ["another node's address", request('a'), asked('a', [], ['192.0.2.8']), 'the node b has the address 192.0.2.8, too'],
  ["a service's address", request('a'), asked('a', [], ['10.96.0.9']), '10.96.0.9 is an address of services'],
  ["a pod's address", request('a'), asked('a', [], ['10.244.1.5']), '10.244.1.5 is an address of pods'],
  [
    "an API server's address",
    request('a'),
    asked('a', [], ['192.0.2.1']),
    'API servers serve under the address 192.0.2.1',
  ],
  [
    'on the machine of the API server',
    request('beside'),
    asked('beside', ['beside'], ['192.0.2.1']),
    undefined,
    { nodes: [node('beside', ['192.0.2.1'])] },
  ],
]

describe('what a kubelet asks to serve with', () => {
  for (const [name, who, what, expected, more] of rows)
    it(name, () => assert.equal(servingObjection(who as never, what, { ...facts, ...more }), expected))
})
