import { type CelEnvironment, type CelType, checkTypes, dyn } from '../../../machinery/cel/index.js'
import { root } from '../../../machinery/path.js'
import type { GroupVersionKind } from '../../../schema/index.js'
import { policyEnvironment } from './policy-environment.js'
import type { ExpressionWarning, ValidatingAdmissionPolicySpec } from './validating-admission-policy.js'

/** A kind that a policy is about, with the type of its objects. */
export interface CheckedKind {
  readonly gvk: GroupVersionKind
  readonly type: CelType
}

/**
 * What would go wrong with a policy's expressions for objects of these kinds, as its status tells it; `params` is the
 * type of its parameters, if it has any and it is known.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
 */
export function typeWarnings(
  { validations = [], variables = [] }: Pick<ValidatingAdmissionPolicySpec, 'validations' | 'variables'>,
  kinds: readonly CheckedKind[],
  params?: CelType,
): ExpressionWarning[] {
  const environments = kinds.map(({ gvk, type }) => ({ gvk, environment: environmentFor(variables, type, params) }))
  const at = root.child('spec', 'validations')
  return validations.flatMap(({ expression, messageExpression = '' }, i) =>
    [
      { expression, path: at.index(i).child('expression') },
      ...(messageExpression ? [{ expression: messageExpression, path: at.index(i).child('messageExpression') }] : []),
    ].flatMap(({ expression: source, path }) => {
      const faults = environments.flatMap(({ gvk, environment }) => {
        const checked = checkTypes(source, environment)
        return 'fault' in checked ? [`${kindText(gvk)}: ${checked.fault}\n`] : []
      })
      return faults.length > 0 ? [{ fieldRef: path.toString(), warning: faults.join('\n') }] : []
    }),
  )
}

/** Each variable may use those before it; one that is wrong may be anything. */
function environmentFor(
  variables: NonNullable<ValidatingAdmissionPolicySpec['variables']>,
  object: CelType,
  params: CelType | undefined,
): CelEnvironment {
  const options = { object, hasParams: params !== undefined, ...(params ? { params } : {}) }
  const types: Record<string, CelType> = {}
  for (const { name, expression } of variables) {
    const checked = checkTypes(expression, policyEnvironment({ ...options, variables: { ...types } }))
    types[name] = 'type' in checked ? checked.type : dyn
  }
  return policyEnvironment({ ...options, variables: types })
}

const kindText = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}, Kind=${kind}`
