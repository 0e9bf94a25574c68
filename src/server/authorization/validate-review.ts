import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from '../../api/authorization/v1/index.js'
import { forbiddenField, invalidValue, invalidValues, required } from '../../machinery/field-errors.js'
import { labelValue } from '../../machinery/names.js'
import { type FieldPath, root } from '../../machinery/path.js'
import type { FieldError } from '../../machinery/status-error.js'
import { validateLabelKey } from '../../machinery/validate-labels.js'

/** Whether a review makes sense: it asks about a resource or a path, in somebody's name, and has no metadata. */
export function reviewErrors(
  { metadata, spec }: SubjectAccessReview | LocalSubjectAccessReview | SelfSubjectAccessReview,
  type: 'subject' | 'local' | 'self',
): readonly FieldError[] {
  const at = root.child('spec')
  const { resourceAttributes, nonResourceAttributes } = spec
  const path = nonResourceAttributes
    ? { Path: nonResourceAttributes.path ?? '', Verb: nonResourceAttributes.verb ?? '' }
    : null
  const errors: FieldError[] = []
  if (resourceAttributes && nonResourceAttributes)
    errors.push(
      invalidValue(
        at.child('nonResourceAttributes'),
        path,
        'cannot be specified in combination with resourceAttributes',
      ),
    )
  if (!resourceAttributes && !nonResourceAttributes)
    errors.push(
      invalidValue(
        at.child('resourceAttributes'),
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    )
  if (type !== 'self') {
    const { user = '', groups } = spec as SubjectAccessReview['spec']
    if (!user && !groups?.length)
      errors.push(invalidValue(at.child('user'), user, 'at least one of user or group must be specified'))
  }
  if (resourceAttributes) {
    const here = at.child('resourceAttributes')
    errors.push(...fieldSelectorErrors(resourceAttributes.fieldSelector, here.child('fieldSelector')))
    errors.push(...labelSelectorErrors(resourceAttributes.labelSelector, here.child('labelSelector')))
  }
  const { managedFields: _, namespace, ...rest } = metadata
  if (Object.keys(rest).length > 0 || (namespace && type !== 'local'))
    errors.push(
      invalidValue('metadata', metadata, type === 'local' ? 'must be empty except for namespace' : 'must be empty'),
    )
  if (type !== 'local') return errors
  if (resourceAttributes && (resourceAttributes.namespace ?? '') !== (namespace ?? ''))
    errors.push(
      invalidValue(
        'spec.resourceAttributes.namespace',
        resourceAttributes.namespace ?? '',
        'must match metadata.namespace',
      ),
    )
  if (nonResourceAttributes)
    errors.push(invalidValue('spec.nonResourceAttributes', path, 'disallowed on this kind of request'))
  return errors
}

function fieldSelectorErrors(selector: FieldSelectorAttributes | undefined | null, at: FieldPath): FieldError[] {
  if (!selector) return []
  return [
    ...formErrors(selector, at),
    ...(selector.requirements ?? []).flatMap((requirement, i) => {
      const here = at.child('requirements').index(i)
      return [
        ...operatorErrors(requirement, here),
        ...(requirement.key ? [] : [required(here.child('key'), 'must be specified')]),
      ]
    }),
  ]
}

function labelSelectorErrors(selector: LabelSelectorAttributes | undefined | null, at: FieldPath): FieldError[] {
  if (!selector) return []
  return [
    ...formErrors(selector, at),
    ...(selector.requirements ?? []).flatMap((requirement, i) => {
      const here = at.child('requirements').index(i)
      return [
        ...operatorErrors(requirement, here),
        ...validateLabelKey(requirement.key, here.child('key')),
        ...(requirement.values ?? []).flatMap((value, position) =>
          invalidValues(here.child('values').index(position), value, labelValue(value)),
        ),
      ]
    }),
  ]
}

/** Either the text, or the requirements. */
function formErrors(
  { rawSelector = '', requirements }: FieldSelectorAttributes | LabelSelectorAttributes,
  at: FieldPath,
): FieldError[] {
  const count = requirements?.length ?? 0
  if (rawSelector && count > 0)
    return [invalidValue(at.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements')]
  return !rawSelector && count === 0
    ? [required(at.child('requirements'), `when ${at} is specified, requirements or rawSelector is required`)]
    : []
}

/** Operators of the future are let through: who does not know them treats them as no limit. */
function operatorErrors(
  { operator, values }: { readonly operator: string; readonly values?: readonly string[] | null },
  at: FieldPath,
): FieldError[] {
  const count = values?.length ?? 0
  if ((operator === 'In' || operator === 'NotIn') && count === 0)
    return [required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'")]
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0)
    return [forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
  return []
}
