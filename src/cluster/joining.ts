import { parse, stringify } from 'yaml'
import { ConfigMap } from '../api/core/v1/index.js'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../api/rbac/v1/index.js'
import type { Client } from '../client/client.js'
import { isNotFound } from '../machinery/status-error.js'
import { createOrReplace } from './bootstrap-objects.js'
import type { Kubeconfig } from './kubeconfig.js'

/** Groups of those who bring a bootstrap token, unless it says otherwise; kubeadm's, so that its tokens are good here. */
export const defaultTokenGroups: readonly string[] = ['system:bootstrappers:kubeadm:default-node-token']

const rbac = 'rbac.authorization.k8s.io'
const group = (name: string) => ({ kind: 'Group', apiGroup: rbac, name })
const clusterRole = (name: string) => ({ kind: 'ClusterRole', apiGroup: rbac, name })
const newNodes = defaultTokenGroups.map(group)
const requests = 'system:certificates.k8s.io:certificatesigningrequests'

/** Who may do what so that nodes can join and renew their certificates; named as kubeadm does. */
const bindings = [
  { name: 'kubeadm:kubelet-bootstrap', role: 'system:node-bootstrapper', subjects: newNodes },
  { name: 'kubeadm:node-autoapprove-bootstrap', role: `${requests}:nodeclient`, subjects: newNodes },
  {
    name: 'kubeadm:node-autoapprove-certificate-rotation',
    role: `${requests}:selfnodeclient`,
    subjects: [group('system:nodes')],
  },
  { name: 'kubeadm:get-nodes', role: 'kubeadm:get-nodes', subjects: newNodes },
  {
    name: 'typernetes:kubelet-serving-approver',
    role: 'typernetes:kubelet-serving-approver',
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'kubelet-serving-approver' }],
  },
]

const roles = [
  { name: 'kubeadm:get-nodes', rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] },
  {
    name: 'typernetes:kubelet-serving-approver',
    rules: [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests/approval'],
        verbs: ['update'],
      },
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kubelet-serving'],
        verbs: ['approve'],
      },
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ],
  },
]

/** For everybody: whoever knows a token can tell by its signature whether it is true. */
const published = { namespace: 'kube-public', name: 'cluster-info' }
const readPublished = { namespace: published.namespace, name: 'kubeadm:bootstrap-signer-clusterinfo' }

/**
 * Lets nodes join: publishes where the API server is and by which authority it is known, and gives new nodes, by their
 * bootstrap tokens, the right to ask for a certificate. Safe to repeat.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
 */
export async function prepareJoining(
  client: Client,
  { server, ca = '' }: { readonly server: string; readonly ca?: string | undefined },
): Promise<void> {
  await Promise.all([
    ...roles.map(({ name, rules }) => createOrReplace(client, ClusterRole, { metadata: { name }, rules })),
    ...bindings.map(({ name, role, subjects }) =>
      createOrReplace(client, ClusterRoleBinding, { metadata: { name }, roleRef: clusterRole(role), subjects }),
    ),
  ])
  await createOrReplace(client, Role, {
    metadata: readPublished,
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [published.name], verbs: ['get'] }],
  })
  await createOrReplace(client, RoleBinding, {
    metadata: readPublished,
    roleRef: { kind: 'Role', apiGroup: rbac, name: readPublished.name },
    subjects: [{ kind: 'User', apiGroup: rbac, name: 'system:anonymous' }],
  })
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  const kubeconfig = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: '', cluster }],
    contexts: null,
    'current-context': '',
    users: null,
  })
  // Signatures beside it are the signer's.
  await client.patch(
    ConfigMap,
    published,
    {
      type: 'apply',
      force: true,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: published, data: { kubeconfig } },
    },
    { fieldManager: 't8s' },
  )
}

/** Where nodes elsewhere reach the API server, and by which authority it is known, as it is published; undefined if it is not. */
export async function publishedCluster(
  client: Client,
): Promise<{ readonly server: string; readonly ca?: string } | undefined> {
  try {
    const { data } = await client.get(ConfigMap, published)
    const { clusters } = (parse(data?.['kubeconfig'] ?? '') ?? {}) as Kubeconfig
    const cluster = clusters?.[0]?.cluster
    const ca = cluster?.['certificate-authority-data']
    return cluster && { server: cluster.server, ...(ca ? { ca: Buffer.from(ca, 'base64').toString() } : {}) }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
