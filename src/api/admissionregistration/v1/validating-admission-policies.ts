import { duplicate, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, numberColumn, textColumn, unset } from '../../columns.js'
import { oneOf, requiredOneOf, requiredText } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { policyBinding } from './policy-bindings.js'
import { compileValidatingPolicy, type FaultsAt, findFaults } from './policy-expressions.js'
import { defaultMatchResources, validateMatchResources, validateParamKind, validateVariables } from './policy-rules.js'
import { type AuditAnnotation, ValidatingAdmissionPolicy, type Validation } from './validating-admission-policy.js'
import { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.js'
import { validateMatchConditions } from './webhook-rules.js'

const at = root.child('spec')
const mostAnnotations = 20

export const validatingAdmissionPolicies: Resource<ValidatingAdmissionPolicy> = resource(ValidatingAdmissionPolicy, {
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    numberColumn('Validations', ({ spec }) => spec.validations?.length ?? 0, {
      description: 'Validations indicates the number of validation rules defined in this configuration',
    }),
    textColumn(
      'ParamKind',
      ({ spec }) => (spec.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : unset),
      { description: 'ParamKind specifies the kind of resources used to parameterize this policy' },
    ),
    ageColumn,
  ],
  subresources: [statusView()],
  defaults({ spec }) {
    spec.failurePolicy ??= 'Fail'
    defaultMatchResources(spec.matchConstraints)
  },
  strategy: {
    bareFinalizers: true,
    ...statusApart(),
    generation: true,
    unconditionalUpdate: false,
    validate,
    validateUpdate: validate,
  },
})

export const validatingAdmissionPolicyBindings: Resource<ValidatingAdmissionPolicyBinding> = policyBinding(
  ValidatingAdmissionPolicyBinding,
  ({ spec: { validationActions = [] } }) => {
    const here = at.child('validationActions')
    if (validationActions.length === 0) return [required(here)]
    const errors = validationActions.flatMap((action, i) => [
      ...oneOf(action, ['Audit', 'Deny', 'Warn'], here.index(i)),
      ...(validationActions.indexOf(action) < i ? [duplicate(here.index(i), action)] : []),
    ])
    if (validationActions.includes('Deny') && validationActions.includes('Warn'))
      errors.push(
        invalidValue(
          here,
          validationActions,
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      )
    return errors
  },
)

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
function validate({ metadata: { name = '' }, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const { paramKind, matchConstraints, validations = [], auditAnnotations = [] } = spec
  const faultsAt = findFaults(at, onFault => compileValidatingPolicy({ spec }, onFault))
  const errors = requiredOneOf(spec.failurePolicy, ['Fail', 'Ignore'], at.child('failurePolicy'))
  if (paramKind) errors.push(...validateParamKind(paramKind, at.child('paramKind')))
  const match = at.child('matchConstraints')
  if (!matchConstraints) errors.push(required(match))
  else {
    errors.push(...validateMatchResources(matchConstraints, match))
    if (!matchConstraints.resourceRules?.length) errors.push(required(match.child('resourceRules')))
  }
  errors.push(
    ...validateMatchConditions(spec.matchConditions, at.child('matchConditions'), faultsAt),
    ...validateVariables(spec.variables, at.child('variables'), faultsAt),
  )
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item'
    return [...errors, required(at.child('validations'), detail), required(at.child('auditAnnotations'), detail)]
  }
  validations.forEach((validation, i) => {
    errors.push(...validateValidation(validation, at.child('validations').index(i), faultsAt))
  })
  return [...errors, ...validateAuditAnnotations(auditAnnotations, name, at.child('auditAnnotations'), faultsAt)]
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']

function validateValidation(validation: Validation, here: FieldPath, faultsAt: FaultsAt): FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation
  const errors = [
    ...requiredText(expression.trim(), here.child('expression'), 'expression is not specified'),
    ...faultsAt(here.child('expression'), expression),
  ]
  if (messageExpression && !messageExpression.trim())
    errors.push(invalidValue(here.child('messageExpression'), messageExpression, 'must be non-empty if specified'))
  errors.push(...faultsAt(here.child('messageExpression'), messageExpression))
  const trimmed = message.trim()
  if (message && !trimmed)
    errors.push(invalidValue(here.child('message'), message, 'message must be non-empty if specified'))
  else if (/[\r\n]/.test(trimmed))
    errors.push(invalidValue(here.child('message'), message, 'message must not contain line breaks'))
  else if (/[\r\n]/.test(expression.trim()) && !trimmed)
    errors.push(required(here.child('message'), 'message must be specified if expression contains line breaks'))
  return [...errors, ...oneOf(reason, reasons, here.child('reason'))]
}

function validateAuditAnnotations(
  annotations: readonly AuditAnnotation[],
  policy: string,
  here: FieldPath,
  faultsAt: FaultsAt,
): FieldError[] {
  const errors: FieldError[] = []
  if (annotations.length > mostAnnotations)
    errors.push(invalidValue(here, annotations, `must not have more than ${mostAnnotations} auditAnnotations`))
  const keys = new Set<string>()
  annotations.forEach(({ key, valueExpression }, i) => {
    {
      const place = here.index(i)
      const [at, written] = [place.child('key'), `${policy}/${key}`]
      errors.push(
        ...(policy
          ? invalidValues(at, written, qualifiedName(written))
          : [invalidValue(at, key, 'requires metadata.name be non-empty')]),
      )
      if (keys.has(key)) errors.push(duplicate(at, key))
      keys.add(key)
      errors.push(
        ...requiredText(valueExpression.trim(), place.child('valueExpression'), 'valueExpression is not specified'),
        ...faultsAt(place.child('valueExpression'), valueExpression),
      )
    }
  })
  return errors
}
