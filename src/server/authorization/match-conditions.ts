import {
  bool,
  type CelEnvironment,
  type CelType,
  compile,
  listOf,
  mapOf,
  objectType,
  text,
} from '../../machinery/cel/index.js'
import type { ReviewSpec } from './webhook-authorizer.js'

/** Whether a webhook is to be asked. Throws if a condition fails and none is false. */
export type MatchConditions = (spec: ReviewSpec) => boolean

const requirements = (name: string): CelType =>
  objectType(name, {
    rawSelector: text,
    requirements: listOf(objectType(`${name}Requirement`, { key: text, operator: text, values: listOf(text) })),
  })

const requestType = objectType('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: objectType('kubernetes.ResourceAttributes', {
    namespace: text,
    verb: text,
    group: text,
    version: text,
    resource: text,
    subresource: text,
    name: text,
    fieldSelector: requirements('kubernetes.FieldSelectorAttributes'),
    labelSelector: requirements('kubernetes.LabelSelectorAttributes'),
  }),
  nonResourceAttributes: objectType('kubernetes.NonResourceAttributes', { path: text, verb: text }),
  user: text,
  groups: listOf(text),
  extra: mapOf(text, listOf(text)),
  uid: text,
})
const environment: CelEnvironment = { variables: { request: requestType } }

/** Compiles CEL conditions. Throws for one that does not compile or is no condition. */
export function matchConditions(expressions: readonly string[]): MatchConditions {
  const programs = expressions.map(expression => {
    const program = compile(expression, environment)
    if (program.resultType.kind !== bool.kind)
      throw new Error(`the match condition ${expression} must evaluate to bool`)
    return program
  })
  return spec => {
    const request = completed(spec)
    let fault: unknown
    for (const program of programs)
      try {
        if (program.evaluate({ request }).value !== true) return false
      } catch (error) {
        fault ??= error
      }
    if (fault) throw fault
    return true
  }
}

/** Fields of texts that are left out are empty; whether there is a resource at all is for `has` to tell. */
function completed(spec: ReviewSpec): object {
  const none = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' }
  return {
    groups: [],
    uid: '',
    extra: {},
    ...spec,
    ...('resourceAttributes' in spec ? { resourceAttributes: { ...none, ...spec.resourceAttributes } } : {}),
  }
}
