import { forbiddenField, required } from '../../../machinery/field-errors.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, numberColumn, textColumn, unset } from '../../columns.js'
import { requiredOneOf, requiredText } from '../../field-rules.js'
import { MutatingAdmissionPolicy, type Mutation } from './mutating-admission-policy.js'
import { MutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.js'
import { policyBinding } from './policy-bindings.js'
import { compileMutatingPolicy, type FaultsAt, findFaults } from './policy-expressions.js'
import { defaultMatchResources, validateMatchResources, validateParamKind, validateVariables } from './policy-rules.js'
import { validateMatchConditions } from './webhook-rules.js'

const at = root.child('spec')

export const mutatingAdmissionPolicies: Resource<MutatingAdmissionPolicy> = resource(MutatingAdmissionPolicy, {
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    numberColumn('Mutations', ({ spec }) => spec.mutations?.length ?? 0, {
      description: 'Mutations indicates the number of mutations rules defined in this configuration',
    }),
    textColumn(
      'ParamKind',
      ({ spec }) => (spec.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : unset),
      { description: 'ParamKind specifies the kind of resources used to parameterize this policy' },
    ),
    ageColumn,
  ],
  defaults({ spec }) {
    spec.failurePolicy ??= 'Fail'
    defaultMatchResources(spec.matchConstraints)
  },
  strategy: { bareFinalizers: true, generation: true, unconditionalUpdate: false, validate, validateUpdate: validate },
})

export const mutatingAdmissionPolicyBindings: Resource<MutatingAdmissionPolicyBinding> =
  policyBinding(MutatingAdmissionPolicyBinding)

/** https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
function validate({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const { paramKind, matchConstraints, mutations = [] } = spec
  const faultsAt = findFaults(at, onFault => compileMutatingPolicy({ spec }, onFault))
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
  if (mutations.length === 0) errors.push(required(at.child('mutations'), 'mutations must contain at least one item'))
  mutations.forEach((mutation, i) => {
    errors.push(...validateMutation(mutation, at.child('mutations').index(i), faultsAt))
  })
  return [...errors, ...requiredOneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'], at.child('reinvocationPolicy'))]
}

const forms = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const

function validateMutation(mutation: Mutation, here: FieldPath, faultsAt: FaultsAt): FieldError[] {
  const errors = requiredOneOf(mutation.patchType, Object.keys(forms), here.child('patchType'))
  for (const [type, field] of Object.entries(forms)) {
    const form = mutation[field]
    if (mutation.patchType === type) {
      if (!form) errors.push(required(here.child(field), `must be specified when patchType is ${type}`))
      else {
        const place = here.child(field, 'expression')
        errors.push(
          ...requiredText(form.expression?.trim(), place, 'expression is not specified'),
          ...faultsAt(place, form.expression),
        )
      }
    } else if (form)
      errors.push(forbiddenField(here.child(field), `may not be specified when patchType is ${mutation.patchType}`))
  }
  return errors
}
