import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolume, Pod } from '../../../api/core/v1/index.js'
import type { ResourceSlice } from '../../../api/resource/v1/index.js'
import type { VolumeAttachment } from '../../../api/storage/v1/index.js'
import type { AccessRequest } from '../access-request.js'
import type { Decision } from '../authorizer.js'
import { nodeAuthorizer } from './node-authorizer.js'
import { NodeGraph } from './node-graph.js'

const pod = (name: string, nodeName: string | undefined, spec: object, more: object = {}): Pod =>
  ({
    metadata: { name, namespace: 'a', uid: `${name}-uid`, ...more },
    spec: { containers: [], serviceAccountName: 'robot', ...(nodeName ? { nodeName } : {}), ...spec },
  }) as unknown as Pod

const web = pod('web', 'n1', {
  imagePullSecrets: [{ name: 'pull' }],
  initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'init-env' } }] }],
  containers: [{ name: 'c', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } }] }],
  volumes: [
    { name: 's', secret: { secretName: 'mounted' } },
    { name: 'p', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
    { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'e', ephemeral: {} },
    { name: 'x', csi: { driver: 'd', nodePublishSecretRef: { name: 'inline' } } },
  ],
  resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }],
})

function graph(): NodeGraph {
  const graph = new NodeGraph()
  graph.setPod(web)
  graph.setPod(pod('other', 'n2', { volumes: [{ name: 's', secret: { secretName: 'theirs' } }] }))
  graph.setPod(pod('pending', undefined, { volumes: [{ name: 's', secret: { secretName: 'nobodys' } }] }))
  graph.setPod(
    pod(
      'mirror',
      'n1',
      { volumes: [{ name: 's', secret: { secretName: 'mirrored' } }] },
      {
        annotations: { 'kubernetes.io/config.mirror': 'x' },
      },
    ),
  )
  graph.setVolume({
    metadata: { name: 'pv1' },
    spec: {
      claimRef: { namespace: 'a', name: 'data' },
      csi: { driver: 'd', nodeStageSecretRef: { name: 'stage', namespace: 'storage' } },
    },
  } as unknown as PersistentVolume)
  graph.setVolume({ metadata: { name: 'pv2' }, spec: {} } as unknown as PersistentVolume)
  graph.setAttachment({ metadata: { name: 'va1' }, spec: { nodeName: 'n1' } } as unknown as VolumeAttachment)
  graph.setSlice({ metadata: { name: 'slice1' }, spec: { nodeName: 'n1' } } as unknown as ResourceSlice)
  return graph
}

/** `verb group/resource[/subresource] [namespace] [name] [field=value]`, or `verb /path`. */
function request(words: string): AccessRequest {
  const [verb = '', what = '', namespace = '-', name = '-', selector] = words.split(' ')
  if (what.startsWith('/')) return { verb, path: what }
  const [group = '', plural = '', subresource = ''] = what.split('/')
  const [key = '', value = ''] = selector?.split('=') ?? []
  const absent = (word: string) => (word === '-' ? '' : word)
  return {
    verb,
    path: '',
    resource: {
      group: group === 'core' ? '' : group,
      version: 'v1',
      plural,
      subresource,
      namespace: absent(namespace),
      name: absent(name),
      rest: '',
    },
    ...(selector ? { fieldSelector: [{ key, operator: 'In', values: [value] }] } : {}),
  }
}

const decide = (known: NodeGraph, words: string, name = 'system:node:n1', groups = ['system:nodes']): Decision =>
  nodeAuthorizer(() => known).authorize({ name, groups }, request(words)) as Decision

const unrelated = "no relationship found between node 'n1' and this object"

describe('Node authorization', () => {
  const rows: readonly (readonly [string, true | string])[] = [
    ['get core/secrets a mounted', true],
    ['list core/secrets a mounted', true],
    ['watch core/secrets a pull', true],
    ['get core/secrets a env-secret', true],
    ['get core/secrets a inline', true],
    ['get core/secrets storage stage', true],
    ['get core/secrets a theirs', unrelated],
    ['get core/secrets a nobodys', unrelated],
    ['get core/secrets a mirrored', unrelated],
    ['get core/secrets b mounted', unrelated],
    ['list core/secrets a', 'No Object name found'],
    ['list core/secrets - mounted', 'can only read namespaced object of this type'],
    ['update core/secrets a mounted', 'can only read resources of this type'],
    ['get core/configmaps a kube-root-ca.crt', true],
    ['get core/configmaps a init-env', true],
    ['get core/configmaps a other', unrelated],
    ['get core/persistentvolumeclaims a data', true],
    ['get core/persistentvolumeclaims a web-e', true],
    ['patch core/persistentvolumeclaims/status a data', true],
    ['list core/persistentvolumeclaims a data', 'can only get individual resources of this type'],
    ['delete core/persistentvolumeclaims/status a data', 'can only get/update/patch this type'],
    ['get core/persistentvolumes - pv1', true],
    ['get core/persistentvolumes - pv2', unrelated],
    ['get storage.k8s.io/volumeattachments - va1', true],
    ['get storage.k8s.io/volumeattachments - va2', unrelated],
    ['get resource.k8s.io/resourceclaims a gpu', true],
    ['get resource.k8s.io/resourceclaims a tpu', unrelated],
    ['create core/serviceaccounts/token a robot', true],
    ['get core/serviceaccounts a robot', true],
    ['create core/serviceaccounts/token a admin', unrelated],
    ['create core/serviceaccounts a', 'can only create tokens for individual service accounts'],
    ['create core/serviceaccounts a robot', 'can only create token subresource of serviceaccount'],
    ['update coordination.k8s.io/leases kube-node-lease n1', true],
    ['create coordination.k8s.io/leases kube-node-lease', true],
    [
      'get coordination.k8s.io/leases kube-node-lease n2',
      'can only access node lease with the same name as the requesting node',
    ],
    ['get coordination.k8s.io/leases a n1', 'can only access leases in the "kube-node-lease" system namespace'],
    ['list coordination.k8s.io/leases kube-node-lease', 'can only get, create, update, patch, or delete a node lease'],
    ['patch storage.k8s.io/csinodes - n1', true],
    ['patch storage.k8s.io/csinodes - n2', 'can only access CSINode with the same name as the requesting node'],
    ['create resource.k8s.io/resourceslices', true],
    ['get resource.k8s.io/resourceslices - slice1', true],
    ['get resource.k8s.io/resourceslices - slice2', unrelated],
    ['list resource.k8s.io/resourceslices - - spec.nodeName=n1', true],
    [
      'list resource.k8s.io/resourceslices',
      'can only list/watch/deletecollection resourceslices with spec.nodeName field selector',
    ],
    ['get core/nodes - n1', true],
    ['watch core/nodes - n1', true],
    ['get core/nodes - n2', "node 'n1' cannot read 'n2', only its own Node object"],
    ['list core/nodes', "node 'n1' cannot read all nodes, only its own Node object"],
    ['patch core/nodes/status - n1', true],
    ['create core/nodes', true],
    ['delete core/nodes - n1', ''],
    ['get core/pods a web', true],
    ['get core/pods a other', unrelated],
    ['list core/pods - - spec.nodeName=n1', true],
    ['watch core/pods - - spec.nodeName=n2', 'can only list/watch pods with spec.nodeName field selector'],
    ['list core/pods', 'can only list/watch pods with spec.nodeName field selector'],
    ['patch core/pods/status a web', true],
    ['create core/pods/eviction a web', true],
    ['get core/pods/log a web', ''],
    ['list core/services', true],
    ['list node.k8s.io/runtimeclasses', true],
    ['create authentication.k8s.io/tokenreviews', true],
    ['create authorization.k8s.io/subjectaccessreviews', true],
    ['list core/namespaces', ''],
    ['get /healthz', ''],
  ]
  for (const [words, expected] of rows)
    it(`${expected === true ? 'lets nodes' : 'does not let nodes'} ${words}`, () =>
      assert.deepEqual(decide(graph(), words), {
        verdict: expected === true ? 'allow' : 'none',
        reason: expected === true ? '' : expected,
      }))

  it('knows nodes by their names and their group', () => {
    const words = 'get core/secrets a mounted'
    assert.equal(decide(graph(), words, 'system:node:n1', []).verdict, 'none')
    assert.equal(decide(graph(), words, 'n1').verdict, 'none')
    assert.equal(decide(graph(), words, 'system:node:n2').verdict, 'none')
    assert.equal(decide(graph(), words, 'system:node:').reason, 'unknown node for user "system:node:"')
  })

  it('follows pods as they come, move and go', () => {
    const known = graph()
    const may = (words: string) => decide(known, words).verdict === 'allow'
    known.setPod({ ...web, metadata: { ...web.metadata, name: 'second' } })
    known.deletePod(web)
    assert.ok(may('get core/secrets a mounted'), 'another pod uses it still')
    known.deletePod({ ...web, metadata: { ...web.metadata, name: 'second' } })
    assert.ok(!may('get core/secrets a mounted') && !may('get core/persistentvolumes - pv1'))
    known.setPod(pod('pending', 'n1', { volumes: [{ name: 's', secret: { secretName: 'nobodys' } }] }))
    assert.ok(may('get core/secrets a nobodys'))
    known.deleteVolume({ metadata: { name: 'pv1' } } as unknown as PersistentVolume)
    known.setPod(web)
    assert.ok(!may('get core/secrets storage stage') && may('get core/secrets a mounted'))
  })

  it('cannot list what a node may do', () =>
    assert.deepEqual(
      nodeAuthorizer(() => graph()).rulesFor({ name: 'system:node:n1', groups: ['system:nodes'] }, 'a'),
      { rules: [], incomplete: true, errors: ['node authorizer does not support user rule resolution'] },
    ))
})
