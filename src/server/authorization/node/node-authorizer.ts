import { PersistentVolume, Pod } from '../../../api/core/v1/index.js'
import { ResourceSlice } from '../../../api/resource/v1/index.js'
import { VolumeAttachment } from '../../../api/storage/v1/index.js'
import { goQuote } from '../../../machinery/go-format.js'
import { nodeOf } from '../../authentication/user-names.js'
import { follow } from '../../cache/follow.js'
import type { Registries } from '../../registry/registries.js'
import type { ResourceInfo } from '../../request-info.js'
import type { AccessRequest } from '../access-request.js'
import type { Authorizer, Decision } from '../authorizer.js'
import { componentRoles } from '../bootstrap-policy/component-roles.js'
import { CompiledRole, keysFor } from '../rbac/compiled-role.js'
import { NodeGraph } from './node-graph.js'
import type { ReferencedKind } from './pod-references.js'

/**
 * Lets nodes do what they must, and read only what their pods use:
 * https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
export function nodeAuthorizer(graph: () => NodeGraph): Authorizer {
  return {
    authorize(user, request) {
      const node = nodeOf(user)
      if (node === undefined) return no('')
      if (!node) return no(`unknown node for user ${goQuote(user.name)}`)
      const { resource, verb, path } = request
      if (!resource) return nodeRules.allowsPath(path, verb) ? yes : no('')
      const special = specials[resource.group ? `${resource.plural}.${resource.group}` : resource.plural]
      if (special) return special({ node, resource, request, graph: graph() })
      return keysFor(resource).some(key => nodeRules.allowsKey(key, verb)) ? yes : no('')
    },
    rulesFor: user => ({
      rules: [],
      incomplete: nodeOf(user) !== undefined,
      errors: nodeOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'],
    }),
  }
}

/** A graph that follows the objects of a server, whose caches must be filled. */
export function followNodes(registries: Registries): NodeGraph {
  const graph = new NodeGraph()
  follow(registries.of(Pod).cache, { set: pod => graph.setPod(pod), delete: pod => graph.deletePod(pod) })
  follow(registries.of(PersistentVolume).cache, {
    set: volume => graph.setVolume(volume),
    delete: volume => graph.deleteVolume(volume),
  })
  follow(registries.of(VolumeAttachment).cache, {
    set: attachment => graph.setAttachment(attachment),
    delete: attachment => graph.deleteAttachment(attachment),
  })
  follow(registries.of(ResourceSlice).cache, {
    set: slice => graph.setSlice(slice),
    delete: slice => graph.deleteSlice(slice),
  })
  return graph
}

/** What is not about a certain object. */
const nodeRules = new CompiledRole(componentRoles['system:node'] ?? [])

interface Question {
  readonly node: string
  readonly resource: ResourceInfo
  readonly request: AccessRequest
  readonly graph: NodeGraph
}

const yes: Decision = { verdict: 'allow', reason: '' }
const no = (reason: string): Decision => ({ verdict: 'none', reason })

/** By what the graph says, if an object is named. */
function related({ node, resource: { name } }: Question, found: () => boolean): Decision {
  if (!name) return no('No Object name found')
  return found() ? yes : no(`no relationship found between node '${node}' and this object`)
}

const used = (question: Question, kind: ReferencedKind): Decision => {
  const { node, graph, resource } = question
  return related(question, () => graph.uses(node, kind, resource.namespace, resource.name))
}

const reading = new Set(['get', 'list', 'watch'])

function readable(question: Question, kind: ReferencedKind): Decision {
  const { resource, request } = question
  if (!reading.has(request.verb)) return no('can only read resources of this type')
  if (resource.subresource) return no('cannot read subresource')
  if (!resource.namespace) return no('can only read namespaced object of this type')
  return used(question, kind)
}

const gettable = (question: Question, decide: () => Decision): Decision =>
  question.request.verb === 'get' && !question.resource.subresource
    ? decide()
    : no(question.request.verb === 'get' ? 'cannot get subresource' : 'can only get individual resources of this type')

/** Whether a selector says that only what is on the node is wanted. */
const ofNode = ({ node, request }: Question): boolean =>
  request.fieldSelector?.some(
    ({ key, operator, values = [] }) =>
      key === 'spec.nodeName' && operator === 'In' && values.length === 1 && values[0] === node,
  ) ?? false

const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete'])

/** Objects that are named after their nodes. A name is not known yet when something is created. */
function own({ node, resource: { name }, request: { verb } }: Question, what: string, one: string): Decision {
  if (!ownVerbs.has(verb)) return no(`can only get, create, update, patch, or delete a ${what}`)
  return verb === 'create' || name === node
    ? yes
    : no(`can only access ${one} with the same name as the requesting node`)
}

/** Resources of which a node may only reach a part; admission limits further what it may write. */
const specials: { readonly [resource: string]: (question: Question) => Decision } = {
  secrets: question => readable(question, 'Secret'),
  configmaps: question => readable(question, 'ConfigMap'),
  persistentvolumeclaims(question) {
    const { resource, request } = question
    if (resource.subresource !== 'status') return gettable(question, () => used(question, 'PersistentVolumeClaim'))
    if (!['get', 'update', 'patch'].includes(request.verb)) return no('can only get/update/patch this type')
    return used(question, 'PersistentVolumeClaim')
  },
  persistentvolumes: question =>
    gettable(question, () => related(question, () => question.graph.usesVolume(question.node, question.resource.name))),
  'resourceclaims.resource.k8s.io': question => gettable(question, () => used(question, 'ResourceClaim')),
  'volumeattachments.storage.k8s.io': question =>
    gettable(question, () => related(question, () => question.graph.isAttached(question.node, question.resource.name))),
  serviceaccounts(question) {
    const { resource, request } = question
    if (request.verb === 'get' && !resource.subresource) return used(question, 'ServiceAccount')
    if (request.verb !== 'create' || !resource.name) return no('can only create tokens for individual service accounts')
    if (resource.subresource !== 'token') return no('can only create token subresource of serviceaccount')
    return used(question, 'ServiceAccount')
  },
  'leases.coordination.k8s.io'(question) {
    const decision = own(question, 'node lease', 'node lease')
    if (!ownVerbs.has(question.request.verb)) return decision
    return question.resource.namespace === 'kube-node-lease'
      ? decision
      : no('can only access leases in the "kube-node-lease" system namespace')
  },
  'csinodes.storage.k8s.io'(question) {
    if (!ownVerbs.has(question.request.verb)) return own(question, 'CSINode', 'CSINode')
    if (question.resource.subresource) return no('cannot authorize CSINode subresources')
    return own(question, 'CSINode', 'CSINode')
  },
  'resourceslices.resource.k8s.io'(question) {
    const { node, graph, resource, request } = question
    if (resource.subresource) return no('cannot authorize ResourceSlice subresources')
    switch (request.verb) {
      case 'create':
        return yes
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return related(question, () => graph.hasSlice(node, resource.name))
      case 'list':
      case 'watch':
      case 'deletecollection':
        return ofNode(question)
          ? yes
          : no('can only list/watch/deletecollection resourceslices with spec.nodeName field selector')
      default:
        return no(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        )
    }
  },
  nodes({ node, resource: { name, subresource }, request: { verb } }) {
    if (subresource) return subresource === 'status' && (verb === 'update' || verb === 'patch') ? yes : no('')
    if (verb === 'create' || verb === 'update' || verb === 'patch') return yes
    if (!reading.has(verb)) return no('')
    // By its name alone, so that a node can look for itself before it is there.
    if (name === node) return yes
    return no(
      name
        ? `node '${node}' cannot read '${name}', only its own Node object`
        : `node '${node}' cannot read all nodes, only its own Node object`,
    )
  },
  pods(question) {
    const { node, graph, resource, request } = question
    const { verb } = request
    switch (resource.subresource) {
      case '':
        if (verb === 'get') return related(question, () => graph.runsPod(node, resource.namespace, resource.name))
        if (verb === 'list' || verb === 'watch')
          return ofNode(question) ? yes : no('can only list/watch pods with spec.nodeName field selector')
        return verb === 'create' || verb === 'delete' ? yes : no('')
      case 'status':
        return verb === 'update' || verb === 'patch' ? yes : no('')
      case 'eviction':
        return verb === 'create' ? yes : no('')
      default:
        return no('')
    }
  },
}
