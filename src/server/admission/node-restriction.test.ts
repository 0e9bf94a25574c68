import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { Lease } from '../../api/coordination/v1/index.js'
import { Node, Pod, ServiceAccount } from '../../api/core/v1/index.js'
import type { UserInfo } from '../../machinery/http.js'
import { createCertificateRequest, createKey } from '../../machinery/x509/index.js'
import type { Registries } from '../registry/registries.js'
import type { AdmissionRequest } from './admission.js'
import { nodeRestriction } from './node-restriction.js'

const user: UserInfo = { name: 'system:node:a', uid: '', groups: ['system:nodes'], extra: {} }
const pods = new Map([
  ['ns/mine', { metadata: { name: 'mine', uid: '1' }, spec: { nodeName: 'a', containers: [] } }],
  ['ns/other', { metadata: { name: 'other', uid: '2' }, spec: { nodeName: 'b', containers: [] } }],
])
const registries = {
  of: () => ({ cache: { get: (key: string) => pods.has(key) && { object: pods.get(key) } } }),
} as unknown as Registries

const metadata = { name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' } }
const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'u', controller: true }
const mirror = (spec: object = {}, ownerReferences: readonly object[] = [owner]) => ({
  metadata: { ...metadata, ownerReferences },
  spec: { nodeName: 'a', containers: [], ...spec },
})
const node = (labels: object = {}, spec: object = {}) => ({ metadata: { name: 'a', labels }, spec })
const csr = async (commonName: string, signer = 'kubelet-serving') => {
  const pem = await createCertificateRequest({ commonName }, createKey())
  return { metadata: {}, spec: { signerName: `kubernetes.io/${signer}`, request: Buffer.from(pem).toString('base64') } }
}
const request = (kind: unknown, rest: object) =>
  ({
    resource: { kind },
    operation: 'CREATE',
    subresource: '',
    namespace: 'ns',
    name: '',
    object: undefined,
    old: undefined,
    user,
    dryRun: false,
    warn() {},
    ...rest,
  }) as unknown as AdmissionRequest

describe('nodes write only', () => {
  const cases: readonly [string, unknown, object, RegExp | undefined][] = [
    ['mirror pods of their own', Pod, { object: mirror() }, undefined],
    ['no other pods', Pod, { object: { metadata: { name: 'm' }, spec: {} } }, /can only create mirror pods/],
    ['none for others', Pod, { object: mirror({ nodeName: 'b' }) }, /spec.nodeName set to itself/],
    ['none without an owner', Pod, { object: mirror({}, []) }, /with an owner reference set to itself/],
    [
      'none with secrets',
      Pod,
      { object: mirror({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }) },
      /can not create pods that reference secrets/,
    ],
    ['none with an account', Pod, { object: mirror({ serviceAccountName: 's' }) }, /reference a service account/],
    ['deletions of their pods', Pod, { operation: 'DELETE', name: 'mine', old: pods.get('ns/mine') }, undefined],
    [
      'no deletions of others',
      Pod,
      { operation: 'DELETE', name: 'other', old: pods.get('ns/other') },
      /can only delete/,
    ],
    ['no evictions of others', Pod, { subresource: 'eviction', name: 'other' }, /can only evict/],
    ['themselves', Node, { object: node({ 'kubernetes.io/hostname': 'a', mine: 'x' }) }, undefined],
    ['nobody else', Node, { operation: 'UPDATE', name: 'b' }, /is not allowed to modify node "b"/],
    [
      'labels that decide nothing',
      Node,
      { object: node({ 'node-role.kubernetes.io/control-plane': '' }) },
      /not allowed to set the following labels: node-role.kubernetes.io\/control-plane/,
    ],
    [
      'labels of their own domains',
      Node,
      { operation: 'UPDATE', name: 'a', object: node({ 'node.kubernetes.io/x': '1' }), old: node() },
      undefined,
    ],
    [
      'no taints',
      Node,
      { operation: 'UPDATE', name: 'a', object: node({}, { taints: [] }), old: node({}, { taints: [{ key: 'k' }] }) },
      /modify taints/,
    ],
    ['their lease', Lease, { namespace: 'kube-node-lease', name: 'a' }, undefined],
    ['no lease of others', Lease, { namespace: 'kube-node-lease', name: 'b' }, /same name as the requesting node/],
    [
      'tokens of their pods',
      ServiceAccount,
      { subresource: 'token', object: { spec: { boundObjectRef: { kind: 'Pod', name: 'mine', uid: '1' } } } },
      undefined,
    ],
    [
      'no tokens of other pods',
      ServiceAccount,
      { subresource: 'token', object: { spec: { boundObjectRef: { kind: 'Pod', name: 'other', uid: '2' } } } },
      /scheduled on a different node/,
    ],
    ['no free tokens', ServiceAccount, { subresource: 'token', object: { spec: {} } }, /not bound to a pod/],
  ]
  for (const [name, kind, rest, expected] of cases)
    it(name, async () => {
      const validate = async () => nodeRestriction(registries).validate?.(request(kind, rest))
      if (expected) await assert.rejects(validate, expected)
      else await validate()
    })

  const asked: readonly [string, () => Promise<object>, RegExp | undefined][] = [
    ['requests for their own certificates', () => csr('system:node:a'), undefined],
    ['none for those of others', () => csr('system:node:b'), /can only create a node CSR with CN=system:node:a/],
    ['none for clients of others', () => csr('system:node:b', 'kube-apiserver-client-kubelet'), /CN=system:node:a/],
    ['requests to other signers, whoever they are for', () => csr('jane', 'kube-apiserver-client'), undefined],
    [
      'no request that cannot be read',
      async () => ({ metadata: {}, spec: { signerName: 'kubernetes.io/kubelet-serving', request: 'eA==' } }),
      /unable to parse csr/,
    ],
  ]
  for (const [name, object, expected] of asked)
    it(name, async () => {
      const validate = async () =>
        nodeRestriction(registries).validate?.(request(CertificateSigningRequest, { object: await object() }))
      if (expected) await assert.rejects(validate, expected)
      else await validate()
    })

  it('and others are not restricted', async () =>
    nodeRestriction(registries).validate?.(request(Node, { name: 'b', user: { ...user, name: 'admin' } })))
})
