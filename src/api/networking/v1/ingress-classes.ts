import { forbiddenField, invalidValues, required, tooLong } from '../../../machinery/field-errors.js'
import { dns1123Label, dns1123Subdomain, domainPrefixedPath, pathSegmentName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, classNameColumn, none, textColumn } from '../../columns.js'
import { oneOf, unchanged } from '../../field-rules.js'
import { IngressClass, type IngressClassParametersReference } from './ingress-class.js'

const at = root.child('spec')
const longestController = 250

export const ingressClasses: Resource<IngressClass> = resource(IngressClass, {
  columns: [
    classNameColumn('ingressclass.kubernetes.io/is-default-class'),
    textColumn('Controller', ({ spec }) => spec.controller ?? '', {
      description: 'Controller that is responsible for handling this class',
    }),
    textColumn('Parameters', parametersText, {
      description: 'A reference to a resource with additional parameters',
    }),
    ageColumn,
  ],
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
  strategy: {
    generation: true,
    validate,
    validateUpdate: (now, old) => [
      ...unchanged(now.spec.controller ?? '', old.spec.controller ?? '', at.child('controller')),
      ...validate(now),
    ],
  },
})

function parametersText({ spec: { parameters } }: IngressClass): string {
  if (!parameters) return none
  const { kind, apiGroup, name } = parameters
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
}

function validate({ spec: { controller = '', parameters } }: IngressClass): FieldError[] {
  const here = at.child('controller')
  const errors = controller ? invalidValues(here, controller, domainPrefixedPath(controller)) : [required(here)]
  if (controller.length > longestController) errors.unshift(tooLong(here, longestController))
  return [...errors, ...validateParameters(parameters, at.child('parameters'))]
}

function validateParameters(parameters: IngressClassParametersReference | undefined, here: FieldPath): FieldError[] {
  if (!parameters) return []
  const { apiGroup, kind, name, scope, namespace } = parameters
  const errors: FieldError[] = []
  if (apiGroup !== undefined)
    errors.push(...invalidValues(here.child('apiGroup'), apiGroup, dns1123Subdomain(apiGroup)))
  for (const [field, value] of Object.entries({ kind, name }))
    errors.push(
      ...(value ? invalidValues(here.child(field), value, pathSegmentName(value)) : [required(here.child(field))]),
    )
  if (!scope) return [...errors, required(here.child('scope'))]
  errors.push(...oneOf(scope, ['Cluster', 'Namespace'], here.child('scope')))
  if (scope === 'Namespace') {
    if (namespace === undefined)
      errors.push(required(here.child('namespace'), "`parameters.scope` is set to 'Namespace'"))
    else errors.push(...invalidValues(here.child('namespace'), namespace, dns1123Label(namespace)))
  }
  if (scope === 'Cluster' && namespace !== undefined)
    errors.push(forbiddenField(here.child('namespace'), "`parameters.scope` is set to 'Cluster'"))
  return errors
}
