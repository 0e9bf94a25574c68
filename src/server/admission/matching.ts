import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '../../api/admissionregistration/v1/index.js'
import { Namespace } from '../../api/core/v1/index.js'
import {
  everything,
  type LabelSelectorObject,
  type Labels,
  type Selector,
  selectorFromObject,
} from '../../machinery/labels.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionRequest, isOf } from './admission.js'

/** A kind under which a request may be seen: its own, or one that holds the same objects in another form. */
export interface SeenAs {
  readonly resource: Resource
  /** The object in this form. */
  readonly to: Conversion
  /** And back. */
  readonly from: Conversion
}

type Conversion = (object: ApiObject) => ApiObject | Promise<ApiObject>

const same = (object: ApiObject): ApiObject => object

/** The forms of a request's objects, its own first. */
function formsOf(registries: Registries, { resource }: AdmissionRequest): readonly SeenAs[] {
  const own: SeenAs = { resource, to: same, from: same }
  const kept = (other: Resource) => other.storedAs?.kind ?? other.kind
  const { gvk } = kept(resource)
  const others = registries.resources.filter(other => {
    const { kind } = other
    const form = kept(other).gvk
    return (
      form.group === gvk.group &&
      form.version === gvk.version &&
      form.kind === gvk.kind &&
      (kind.gvk.version !== resource.kind.gvk.version || kind.gvk.group !== resource.kind.gvk.group)
    )
  })
  if (others.length === 0) return [own]
  const write = (form: Resource, object: ApiObject) => form.storedAs?.write(object) ?? object
  const read = (form: Resource, object: ApiObject) => form.storedAs?.read(object) ?? object
  return [
    own,
    ...others.map(other => ({
      resource: other,
      to: async (object: ApiObject) => read(other, await write(resource, object)),
      from: async (object: ApiObject) => read(resource, await write(other, object)),
    })),
  ]
}

const includes = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value))

/** Whether a rule is about requests for a kind. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules */
export function ruleMatches(
  { operations, apiGroups, apiVersions, resources, scope = '*' }: RuleWithOperations,
  { operation, subresource }: AdmissionRequest,
  { kind }: Resource,
): boolean {
  if (!includes(operations, operation)) return false
  if (!includes(apiGroups, kind.gvk.group) || !includes(apiVersions, kind.gvk.version)) return false
  // A namespace counts as an object of the cluster, whatever is done to it.
  if (scope !== '*' && (scope === 'Namespaced') !== kind.namespaced) return false
  return (resources ?? []).some(text => {
    const [plural, sub = ''] = text.split('/')
    if (plural !== '*' && plural !== kind.plural) return false
    return sub === subresource || (sub === '*' && text.includes('/'))
  })
}

const namedRuleMatches = (rule: NamedRuleWithOperations, request: AdmissionRequest, resource: Resource): boolean =>
  (!rule.resourceNames?.length || rule.resourceNames.includes(request.name || request.object?.metadata.name || '')) &&
  ruleMatches(rule, request, resource)

const selectors = new WeakMap<object, Selector>()

/** Compiled once for each object that has it. */
function compiled(selector: LabelSelectorObject | undefined): Selector {
  if (!selector) return everything
  let known = selectors.get(selector)
  if (!known) selectors.set(selector, (known = selectorFromObject(selector)))
  return known
}

interface Selectors {
  readonly namespaceSelector?: LabelSelectorObject
  readonly objectSelector?: LabelSelectorObject
}

/** The namespace of a request's object; undefined for objects of the cluster. */
export function namespaceOf(registries: Registries, { resource, namespace }: AdmissionRequest): Namespace | undefined {
  if (!resource.kind.namespaced || !namespace) return undefined
  return registries.of(Namespace).cache.get(namespace)?.object
}

/** Whether selectors choose a request by the labels of its namespace and of its object, as it was or as it will be. */
export function selectorsMatch(
  registries: Registries,
  { namespaceSelector, objectSelector }: Selectors,
  request: AdmissionRequest,
): boolean {
  const { object, old, resource } = request
  const namespaces = compiled(namespaceSelector)
  if (!namespaces.empty) {
    const isNamespace = isOf(resource, Namespace)
    if (isNamespace || resource.kind.namespaced) {
      const labels: Labels | undefined = isNamespace
        ? (object ?? old)?.metadata.labels
        : namespaceOf(registries, request)?.metadata.labels
      if (!namespaces.matches(labels ?? {})) return false
    }
  }
  const objects = compiled(objectSelector)
  return objects.empty || [object, old].some(seen => seen !== undefined && objects.matches(seen.metadata?.labels ?? {}))
}

/** What decides about requests is not itself decided about: nobody locks everybody out. */
export const isExempt = ({ resource }: AdmissionRequest): boolean =>
  resource.kind.gvk.group === 'admissionregistration.k8s.io'

/** The form in which a policy or a webhook wants to see a request; undefined if it is not about it. */
export function chosenForm(
  registries: Registries,
  request: AdmissionRequest,
  matchPolicy: string | undefined,
  matches: (resource: Resource) => boolean,
): SeenAs | undefined {
  const { resource } = request
  if (matches(resource)) return { resource, to: same, from: same }
  if (matchPolicy === 'Exact') return undefined
  return formsOf(registries, request).find(form => matches(form.resource))
}

/** The form in which a policy's match wants to see a request; undefined if the match is not about it. */
export function matchedForm(
  registries: Registries,
  match: MatchResources | undefined,
  request: AdmissionRequest,
): SeenAs | undefined {
  const own = { resource: request.resource, to: same, from: same }
  if (!match) return own
  if (!selectorsMatch(registries, match, request)) return undefined
  const matchesAny = (rules: readonly NamedRuleWithOperations[] | undefined) => (resource: Resource) =>
    rules?.some(rule => namedRuleMatches(rule, request, resource)) ?? false
  if (chosenForm(registries, request, match.matchPolicy, matchesAny(match.excludeResourceRules))) return undefined
  if (!match.resourceRules?.length) return own
  return chosenForm(registries, request, match.matchPolicy, matchesAny(match.resourceRules))
}
