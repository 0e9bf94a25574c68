import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { Lease } from '../../api/coordination/v1/index.js'
import { Node, PersistentVolumeClaim, Pod, ServiceAccount } from '../../api/core/v1/index.js'
import { ResourceSlice } from '../../api/resource/v1/index.js'
import { CSINode } from '../../api/storage/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { Labels } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import type { ApiObject } from '../../machinery/object.js'
import { readCertificateRequest } from '../../machinery/x509/index.js'
import { nodeOf } from '../authentication/user-names.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, isOf, refusal } from './admission.js'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const leaseNamespace = 'kube-node-lease'

/**
 * NodeRestriction: a node writes only itself and what belongs to it.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
export const nodeRestriction = (registries: Registries): AdmissionPlugin => ({
  name: 'NodeRestriction',
  async validate(request) {
    const node = nodeOf(request.user)
    if (node === undefined) return
    const why = await objection(registries, node, request)
    if (why) throw refusal(request, why)
  },
})

async function objection(registries: Registries, node: string, request: AdmissionRequest): Promise<string | undefined> {
  const { resource } = request
  if (isOf(resource, Pod)) return podObjection(registries, node, request)
  if (isOf(resource, Node)) return nodeObjection(node, request)
  if (isOf(resource, PersistentVolumeClaim)) return claimObjection(request)
  if (isOf(resource, ServiceAccount)) return tokenObjection(registries, node, request)
  if (isOf(resource, Lease)) return leaseObjection(node, request)
  if (isOf(resource, CSINode))
    return request.name === node ? undefined : `can only access CSINode with the same name as the requesting node`
  if (isOf(resource, ResourceSlice)) return sliceObjection(node, request)
  if (isOf(resource, CertificateSigningRequest)) return certificateObjection(node, request)
  return undefined
}

const nodeSigners: readonly string[] = ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving']

/** A node asks for certificates of nodes in its own name. */
async function certificateObjection(node: string, request: AdmissionRequest): Promise<string | undefined> {
  if (request.operation !== 'CREATE' || request.subresource) return undefined
  const { spec } = request.object as unknown as CertificateSigningRequest
  if (!nodeSigners.includes(spec.signerName)) return undefined
  try {
    const { subject } = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString())
    const own = `system:node:${node}`
    return subject.commonName === own ? undefined : `can only create a node CSR with CN=${own}`
  } catch (error) {
    return `unable to parse csr: ${messageOf(error)}`
  }
}

function podObjection(registries: Registries, node: string, request: AdmissionRequest): string | undefined {
  const { operation, subresource, name, namespace, old } = request
  const found = () => registries.of(Pod).cache.get(`${namespace}/${name}`)?.object
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return mirrorObjection(node, request.object as unknown as Pod)
      if (operation !== 'DELETE')
        return `unexpected operation ${JSON.stringify(operation)}, node "${node}" can only create and delete mirror pods`
      return (old as Pod | undefined)?.spec.nodeName === node
        ? undefined
        : `node "${node}" can only delete pods with spec.nodeName set to itself`
    case 'status': {
      const pod = request.object as unknown as Pod
      if (old && (old as Pod).spec.nodeName !== node)
        return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`
      return jsonEqual(pod.metadata.labels ?? {}, old?.metadata.labels ?? {})
        ? undefined
        : `node "${node}" cannot update labels through pod status`
    }
    case 'eviction':
      return found()?.spec.nodeName === node
        ? undefined
        : `node "${node}" can only evict pods with spec.nodeName set to itself`
    default:
      return undefined
  }
}

/** A node makes pods only to show the ones it runs by its own manifests, which use nothing of the cluster. */
function mirrorObjection(node: string, { metadata, spec }: Pod): string | undefined {
  const owners = metadata.ownerReferences ?? []
  const [owner] = owners
  if (metadata.annotations?.[mirrorAnnotation] === undefined)
    return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`
  if (spec.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`
  if (owners.length > 1) return `node "${node}" can only create pods with a single owner reference set to itself`
  if (!owner) return `node "${node}" can only create pods with an owner reference set to itself`
  if (owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `node "${node}" can only create pods with an owner reference set to itself`
  if (owner.controller !== true)
    return `node "${node}" can only create pods with an owner reference with controller set to true`
  if (owner.blockOwnerDeletion) return `node "${node}" must not set blockOwnerDeletion on an owner reference`
  if (spec.serviceAccountName) return `node "${node}" can not create pods that reference a service account`
  if (usesObjects(spec)) return `node "${node}" can not create pods that reference secrets, configmaps or volume claims`
  if (spec.resourceClaims?.length) return `node "${node}" can not create pods that reference resourceclaims`
  return undefined
}

function usesObjects({ volumes = [], containers, initContainers = [], imagePullSecrets = [] }: Pod['spec']): boolean {
  const fromEnvironment = [...containers, ...initContainers].some(
    ({ env = [], envFrom = [] }) =>
      envFrom.length > 0 || env.some(({ valueFrom }) => valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef),
  )
  const fromVolumes = volumes.some(
    ({ secret, configMap, persistentVolumeClaim, ephemeral, projected }) =>
      secret ??
      configMap ??
      persistentVolumeClaim ??
      ephemeral ??
      projected?.sources?.some(source => source.secret ?? source.configMap ?? source.serviceAccountToken),
  )
  return imagePullSecrets.length > 0 || fromEnvironment || fromVolumes
}

/** Labels of Kubernetes' own domains that nodes may give themselves. */
const ownLabels = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/instance-type',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])

const inDomain = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`)

/** Whether a label decides what runs where, so that only administrators give it. */
function isReserved(label: string): boolean {
  if (ownLabels.has(label)) return false
  const [domain = '', name] = label.split('/')
  if (name === undefined || (!inDomain(domain, 'kubernetes.io') && !inDomain(domain, 'k8s.io'))) return false
  return !inDomain(domain, 'kubelet.kubernetes.io') && !inDomain(domain, 'node.kubernetes.io')
}

const changed = (a: Labels = {}, b: Labels = {}): readonly string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(name => a[name] !== b[name]).sort()

function nodeObjection(node: string, request: AdmissionRequest): string | undefined {
  const { operation, name, object, old } = request
  const subject = name || object?.metadata.name || ''
  if (subject !== node) return `node "${node}" is not allowed to modify node "${subject}"`
  const now = object as unknown as Node | undefined
  if (operation === 'CREATE') {
    const labels = changed({}, now?.metadata.labels).filter(
      label => inDomain(label.split('/')[0] ?? '', 'node-restriction.kubernetes.io') || isReserved(label),
    )
    return labels.length > 0
      ? `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`
      : undefined
  }
  if (operation !== 'UPDATE' || !now || !old) return undefined
  const before = old as Node
  if (now.spec.configSource && !jsonEqual(now.spec.configSource, before.spec.configSource))
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`
  if (!jsonEqual(now.spec.taints ?? [], before.spec.taints ?? []))
    return `node "${node}" is not allowed to modify taints`
  if (!jsonEqual(now.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? []))
    return `node "${node}" is not allowed to modify ownerReferences`
  const labels = changed(before.metadata.labels, now.metadata.labels).filter(isReserved)
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined
}

/** Growing a volume is finished on its node, which notes that in the claim's status and nowhere else. */
function claimObjection({ operation, subresource, object, old }: AdmissionRequest): string | undefined {
  if (operation !== 'UPDATE' || subresource !== 'status') return `may only update PVC status`
  const rest = (claim: PersistentVolumeClaim): object => {
    const { metadata, spec, status } = claim
    const { resourceVersion: _v, managedFields: _m, ...kept } = metadata
    const { capacity: _c, conditions: _n, allocatedResources: _a, allocatedResourceStatuses: _s, ...other } = status
    return { metadata: kept, spec, status: other }
  }
  const same = jsonEqual(
    rest(object as unknown as PersistentVolumeClaim),
    rest(old as unknown as PersistentVolumeClaim),
  )
  return same ? undefined : `is not allowed to update fields other than status.quantity and status.conditions`
}

interface TokenRequestLike extends ApiObject {
  readonly spec: {
    readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string }
  }
}

/** A node gets tokens only for the pods it runs. */
function tokenObjection(registries: Registries, node: string, request: AdmissionRequest): string | undefined {
  const { operation, subresource, namespace } = request
  if (operation !== 'CREATE' || subresource !== 'token') return undefined
  const bound = (request.object as unknown as TokenRequestLike).spec.boundObjectRef
  if (bound?.kind !== 'Pod' || !bound.name) return `node requested token not bound to a pod`
  if (!bound.uid) return `node requested token with a pod binding without a uid`
  const pod = registries.of(Pod).cache.get(`${namespace}/${bound.name}`)?.object
  if (!pod) return `pod "${bound.name}" not found`
  if (bound.uid !== pod.metadata.uid)
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  return pod.spec.nodeName === node ? undefined : `node requested token bound to a pod scheduled on a different node`
}

function leaseObjection(node: string, { name, namespace, object }: AdmissionRequest): string | undefined {
  if (namespace !== leaseNamespace) return `can only access leases in the "${leaseNamespace}" system namespace`
  return (name || object?.metadata.name) === node
    ? undefined
    : `can only access node lease with the same name as the requesting node`
}

function sliceObjection(node: string, { operation, object, old }: AdmissionRequest): string | undefined {
  const slice = (operation === 'DELETE' ? old : object) as unknown as ResourceSlice | undefined
  return slice?.spec.nodeName === node
    ? undefined
    : `can only ${operation === 'DELETE' ? 'delete' : 'create'} ResourceSlice with the same NodeName as the requesting node`
}
