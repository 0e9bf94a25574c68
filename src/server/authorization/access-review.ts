import {
  LocalSubjectAccessReview,
  type ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  type SubjectAccessReviewSpec,
} from '../../api/authorization/v1/index.js'
import { parseFieldSelector } from '../../machinery/fields.js'
import type { UserInfo } from '../../machinery/http.js'
import { parseLabelSelector } from '../../machinery/labels.js'
import type { ApiObject } from '../../machinery/object.js'
import { badRequest, invalid } from '../../machinery/status-error.js'
import type { Draft, Kind } from '../../schema/index.js'
import { trackManagedFields } from '../registry/managed-fields.js'
import { placeIn } from '../registry/preconditions.js'
import { jsonValue } from '../respond.js'
import type { ActionHandler, SubresourceCall } from '../subresources/subresource.js'
import { type AccessRequest, fieldRequirements, labelRequirements, type SelectorRequirement } from './access-request.js'
import type { Authorizer } from './authorizer.js'
import { reviewErrors } from './validate-review.js'

type AnyReview = SubjectAccessReview | LocalSubjectAccessReview | SelfSubjectAccessReview

/**
 * Reviews: questions about access, answered by the server's own authorizer. Handlers by the resource's name.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export const accessReviews = (authorizer: Authorizer): { readonly [resource: string]: ActionHandler } => ({
  'subjectaccessreviews.authorization.k8s.io': review(authorizer, SubjectAccessReview, 'subject'),
  'localsubjectaccessreviews.authorization.k8s.io': review(authorizer, LocalSubjectAccessReview, 'local'),
  'selfsubjectaccessreviews.authorization.k8s.io': review(authorizer, SelfSubjectAccessReview, 'self'),
  'selfsubjectrulesreviews.authorization.k8s.io': rulesReview(authorizer),
})

/** Notes who asked, as for everything that is created, and checks the namespace. */
export function beginReview(
  { registry, info, context }: SubresourceCall,
  draft: Draft<ApiObject>,
  write: Parameters<ActionHandler>[0]['write'],
): void {
  placeIn(registry.resource, registry.resource.kind.namespaced ? info.namespace : '', draft.metadata)
  delete draft.metadata.managedFields
  trackManagedFields(
    registry.resource,
    undefined,
    draft,
    { ...write, user: context.user },
    undefined,
    registry.host.clock.now(),
  )
}

const review =
  <T extends AnyReview, I>(
    authorizer: Authorizer,
    kind: Kind<T, I>,
    type: 'subject' | 'local' | 'self',
  ): ActionHandler =>
  async call => {
    const draft = call.body as Draft<ApiObject> & AnyReview
    beginReview(call, draft, call.write)
    const { spec } = draft
    const errors = reviewErrors(draft, type)
    if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
    const user = type === 'self' ? call.context.user : userOf(spec as SubjectAccessReviewSpec)
    const { verdict, reason, error } = await authorizer.authorize(user, requestOf(spec))
    const status = {
      allowed: verdict === 'allow',
      ...(verdict === 'deny' ? { denied: true } : {}),
      ...(reason ? { reason } : {}),
      ...(error ? { evaluationError: error } : {}),
    }
    return jsonValue(call.context.request, 201, { ...draft, status }, kind)
  }

const rulesReview =
  (authorizer: Authorizer): ActionHandler =>
  async call => {
    const { spec } = call.body as SelfSubjectRulesReview
    beginReview(call, call.body as Draft<ApiObject>, call.write)
    if (!spec.namespace) throw badRequest('no namespace on request')
    const { rules, incomplete, errors } = authorizer.rulesFor(call.context.user, spec.namespace)
    const status = {
      resourceRules: rules.flatMap(({ verbs, apiGroups, resources, resourceNames }) =>
        resources?.length
          ? [
              {
                verbs,
                ...(apiGroups ? { apiGroups } : {}),
                resources,
                ...(resourceNames?.length ? { resourceNames } : {}),
              },
            ]
          : [],
      ),
      nonResourceRules: rules.flatMap(({ verbs, nonResourceURLs }) =>
        nonResourceURLs?.length ? [{ verbs, nonResourceURLs }] : [],
      ),
      incomplete,
      ...(errors.length > 0 ? { evaluationError: errors.length === 1 ? errors[0] : `[${errors.join(', ')}]` } : {}),
    }
    const answer = {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {},
      status,
    }
    return jsonValue(call.context.request, 201, answer, SelfSubjectRulesReview)
  }

const userOf = ({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): UserInfo => ({
  name: user,
  groups: groups ?? [],
  ...(uid ? { uid } : {}),
  ...(extra ? { extra } : {}),
})

/** What a review asks about, as if it were done. */
function requestOf({
  resourceAttributes,
  nonResourceAttributes,
}: Omit<SubjectAccessReviewSpec, 'user'>): AccessRequest {
  if (!resourceAttributes) return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' }
  const {
    verb = '',
    group = '',
    version = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = resourceAttributes
  return {
    verb,
    path: '',
    resource: { group, version: version || '*', plural: resource, subresource, namespace, name, rest: '' },
    ...selectorsOf(resourceAttributes),
  }
}

function selectorsOf({ fieldSelector, labelSelector }: ResourceAttributes): Partial<AccessRequest> {
  const fields = fieldSelector?.rawSelector
    ? readRaw(() => fieldRequirements(parseFieldSelector(fieldSelector.rawSelector ?? '')))
    : fieldSelector?.requirements
  const labels = labelSelector?.rawSelector
    ? readRaw(() => labelRequirements(parseLabelSelector(labelSelector.rawSelector ?? '')))
    : labelSelector?.requirements
  return {
    ...(fields?.length ? { fieldSelector: fields } : {}),
    ...(labels?.length ? { labelSelector: labels } : {}),
  }
}

/** A selector that cannot be read limits nothing. */
function readRaw(read: () => readonly SelectorRequirement[]): readonly SelectorRequirement[] {
  try {
    return read()
  } catch {
    return []
  }
}
