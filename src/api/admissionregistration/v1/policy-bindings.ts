import { required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft, Kind } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { subdomainName } from '../../field-rules.js'
import type { MutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.js'
import type { ParamRef } from './policy.js'
import { defaultMatchResources, validateMatchResources, validateParamRef } from './policy-rules.js'
import type { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.js'

type Binding = MutatingAdmissionPolicyBinding | ValidatingAdmissionPolicyBinding

const at = root.child('spec')

/** The resource of bindings of policies; `validateMore` adds what only this kind of binding has. */
export function policyBinding<T extends Binding, I>(
  kind: Kind<T, I>,
  validateMore: (binding: T) => FieldError[] = () => [],
): Resource<T> {
  const validate = (binding: T): FieldError[] => [...validateBinding(binding), ...validateMore(binding)]
  return resource(kind, {
    categories: ['api-extensions'],
    columns: [
      nameColumn,
      textColumn('PolicyName', ({ spec }) => spec.policyName ?? '', {
        description: 'PolicyName indicates the policy definition which the policy binding binded to',
      }),
      textColumn('ParamRef', ({ spec }) => paramText(spec.paramRef), {
        description: 'ParamRef indicates the param resource which sets the configuration param',
      }),
      ageColumn,
    ],
    defaults(draft) {
      const { spec } = draft as Draft<Binding>
      defaultMatchResources(spec.matchResources)
    },
    strategy: {
      bareFinalizers: true,
      generation: true,
      unconditionalUpdate: false,
      validate,
      validateUpdate: validate,
    },
  })
}

function paramText(ref: ParamRef | undefined): string {
  if (!ref) return unset
  const { name, namespace } = ref
  if (!name) return namespace ? `${namespace}/*` : '*/*'
  return namespace ? `${namespace}/${name}` : `*/${name}`
}

function validateBinding({ spec: { policyName, paramRef, matchResources } }: Binding): FieldError[] {
  const errors = policyName ? subdomainName(policyName, at.child('policyName')) : [required(at.child('policyName'))]
  errors.push(...validateParamRef(paramRef, at.child('paramRef')))
  if (matchResources) errors.push(...validateMatchResources(matchResources, at.child('matchResources')))
  return errors
}
