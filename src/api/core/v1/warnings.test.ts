import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoints } from './endpoints-resource.js'
import { nodes } from './nodes.js'
import { persistentVolumes } from './persistent-volumes.js'
import { podTemplates } from './pod-templates.js'
import { pods } from './pods.js'
import { replicationControllers } from './replication-controllers.js'
import { serviceAccounts } from './service-accounts.js'
import { services } from './services.js'

const odd = 'FD00:0::1'
const oddIp = (at: string): string => `${at}: IPv6 address "${odd}" should be in RFC 5952 canonical format ("fd00::1")`
const label = (use: string): string =>
  `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]`
const annotated = (key: string): object => ({ annotations: { [key]: 'x' } })
const mountable = 'kubernetes.io/enforce-mountable-secrets'
const expression = { matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] }

interface Tried {
  readonly kind: { readonly gvk: { readonly kind: string } }
  readonly strategy: { readonly warnings?: (object: never, old: never) => readonly string[] }
}

const rows: readonly (readonly [Tried, object, object | undefined, readonly string[]])[] = [
  [
    services,
    {
      spec: {
        type: 'ClusterIP',
        clusterIP: odd,
        clusterIPs: [odd],
        externalIPs: [odd],
        loadBalancerIP: odd,
        loadBalancerSourceRanges: ['FD00::/64'],
        trafficDistribution: 'PreferClose',
      },
    },
    undefined,
    [
      oddIp('spec.clusterIPs[0]'),
      oddIp('spec.externalIPs[0]'),
      'spec.externalIPs is deprecated',
      oddIp('spec.loadBalancerIP'),
      'spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ],
  [
    endpoints,
    { subsets: [{ addresses: [{ ip: odd }], notReadyAddresses: [{ ip: odd }] }] },
    undefined,
    [oddIp('subsets[0].addresses[0].ip'), oddIp('subsets[0].notReadyAddresses[0].ip')],
  ],
  [
    endpoints,
    {
      metadata: { labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
      subsets: [{ addresses: [{ ip: odd }] }],
    },
    undefined,
    [],
  ],
  [
    nodes,
    { spec: { externalID: 'x', podCIDRs: ['10.0.0.0/24'] } },
    undefined,
    ['spec.externalID: this field is deprecated, and is unused by Kubernetes'],
  ],
  [
    persistentVolumes,
    {
      metadata: annotated('volume.beta.kubernetes.io/storage-class'),
      spec: { storageos: {}, nodeAffinity: { required: { nodeSelectorTerms: [expression] } } },
    },
    undefined,
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead',
      'spec.storageOS: deprecated in v1.22, non-functional in v1.25+',
    ],
  ],
  [
    serviceAccounts,
    { metadata: annotated(mountable) },
    {},
    [
      `metadata.annotations[${mountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ],
  ],
  [serviceAccounts, { metadata: annotated(mountable) }, { metadata: annotated(mountable) }, []],
  [
    pods,
    { metadata: { name: 'a.b' }, spec: { dnsConfig: { nameservers: [odd] }, hostAliases: [{ ip: odd }] } },
    undefined,
    [label("the Pod's hostname"), oddIp('spec.dnsConfig.nameservers[0]'), oddIp('spec.hostAliases[0].ip')],
  ],
  [replicationControllers, { metadata: { name: 'a.b' }, spec: {} }, undefined, [label('Pod names and hostnames')]],
  [
    podTemplates,
    { metadata: { generation: 1 }, template: { metadata: {}, spec: { imagePullSecrets: [{}] } } },
    undefined,
    ['template.spec.imagePullSecrets[0].name: invalid empty name ""'],
  ],
  [
    podTemplates,
    { metadata: { generation: 1 }, template: { metadata: {}, spec: { imagePullSecrets: [{}] } } },
    { metadata: { generation: 1 } },
    [],
  ],
]

test('what is accepted is warned of as upstream does', () => {
  const whole = (part: object | undefined): never => (part && { metadata: {}, ...part }) as never
  for (const [{ kind, strategy }, object, old, expected] of rows)
    assert.deepEqual(strategy.warnings?.(whole(object), whole(old)), expected, kind.gvk.kind)
})
