import type { NamedProgram } from '../../../api/admissionregistration/v1/index.js'
import type { Namespace } from '../../../api/core/v1/index.js'
import {
  type AuthorizerValue,
  CelCostError,
  CelError,
  type CelVariables,
  PendingAnswer,
  type Program,
} from '../../../machinery/cel/index.js'
import type { ApiObject } from '../../../machinery/object.js'
import type { GroupVersionKind } from '../../../schema/index.js'
import type { AdmissionRequest } from '../admission.js'
import type { SeenAs } from '../matching.js'
import { kindIn } from '../webhooks/review.js'
import { settled } from './authorizer-value.js'

/** A request as one policy or webhook sees it. */
export interface PolicySubject {
  readonly request: AdmissionRequest
  readonly form: SeenAs
  readonly object: ApiObject | undefined
  readonly old: ApiObject | undefined
  readonly namespace: Namespace | undefined
  readonly authorizer: AuthorizerValue
}

/** An object as it goes over the wire. */
export const asWritten = (object: ApiObject, { group, version, kind }: GroupVersionKind): ApiObject => ({
  apiVersion: group ? `${group}/${version}` : version,
  kind,
  ...object,
})

/** Sees a request in a form. */
export async function subjectOf(
  request: AdmissionRequest,
  form: SeenAs,
  namespace: Namespace | undefined,
  authorizer: AuthorizerValue,
): Promise<PolicySubject> {
  const { gvk } = form.resource.kind
  // What a subresource has for a body is of a kind of its own.
  const isObject = (object: ApiObject) => object.kind === undefined || object.kind === request.resource.kind.gvk.kind
  const seen = async (object: ApiObject | undefined) => {
    if (!object) return undefined
    return isObject(object) ? asWritten(await form.to(object), gvk) : object
  }
  const [object, old] = await Promise.all([seen(request.object as ApiObject | undefined), seen(request.old)])
  return { request, form, object, old, namespace, authorizer }
}

/** What policies spend on one request at most, in units of CEL's costs. */
const budget = 10_000_000

/** Evaluates the expressions of one policy about one subject. */
export class PolicyRun {
  #spent = 0
  readonly #variables: CelVariables

  constructor(subject: PolicySubject, variables: readonly NamedProgram[], params: ApiObject | undefined) {
    const lazy: Record<string, unknown> = {}
    for (const { name, program } of variables) {
      let known: { readonly value: unknown } | undefined
      Object.defineProperty(lazy, name, {
        enumerable: true,
        get: () => (known ??= { value: this.#variable(name, program) }).value,
      })
    }
    this.#variables = { ...baseVariables(subject), params: params ?? null, variables: lazy }
  }

  /** Throws CelError, with the expression. */
  async evaluate(program: Program): Promise<unknown> {
    try {
      return await settled(() => this.#evaluate(program))
    } catch (error) {
      if (error instanceof OutOfBudget) throw error
      if (error instanceof CelError || error instanceof CelCostError)
        throw new CelError(`expression '${program.source}' resulted in error: ${error.message}`)
      throw error
    }
  }

  /** Whether all conditions hold; the first that does not ends it. */
  async meets(conditions: readonly NamedProgram[]): Promise<boolean> {
    const errors: CelError[] = []
    for (const { program } of conditions)
      try {
        if ((await this.evaluate(program)) !== true) return false
      } catch (error) {
        if (!(error instanceof CelError) || error instanceof OutOfBudget) throw error
        // One that fails says nothing if another does not hold.
        errors.push(error)
      }
    if (errors.length > 0) throw new CelError(together(errors.map(({ message }) => message)))
    return true
  }

  /** What a variable's expression fails of is told with its name. */
  #variable(name: string, program: Program): unknown {
    try {
      return this.#evaluate(program)
    } catch (error) {
      if (error instanceof OutOfBudget || error instanceof PendingAnswer) throw error
      if (error instanceof CelError || error instanceof CelCostError)
        throw new CelError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`)
      throw error
    }
  }

  #evaluate(program: Program): unknown {
    const left = budget - this.#spent
    try {
      const { value, cost } = program.evaluate(this.#variables, left < perCall ? { costLimit: left } : {})
      this.#spent += cost
      return value
    } catch (error) {
      if (error instanceof CelCostError && !(error instanceof PendingAnswer) && left < perCall) throw new OutOfBudget()
      throw error
    }
  }
}

/** Several things at once, each said once. */
function together(messages: readonly string[]): string {
  const all = [...new Set(messages)]
  return all.length === 1 ? all.join() : `[${all.join(', ')}]`
}

const perCall = 1_000_000

/** All expressions together took too much. */
export class OutOfBudget extends CelError {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

function baseVariables({ request, form, object, old, namespace, authorizer }: PolicySubject): CelVariables {
  return {
    object: object ?? null,
    oldObject: old ?? null,
    request: () => requestVariable(request, form),
    namespaceObject: () => (namespace ? namespaceVariable(namespace) : null),
    authorizer,
  }
}

function requestVariable(
  { operation, resource, subresource, namespace, name, user, dryRun, object }: AdmissionRequest,
  { resource: seen }: SeenAs,
) {
  const resourceOf = ({ gvk, plural }: { readonly gvk: GroupVersionKind; readonly plural: string }) => ({
    group: gvk.group,
    version: gvk.version,
    resource: plural,
  })
  const ofItsOwn = bodyKind(object, resource.kind.gvk)
  return {
    kind: ofItsOwn ?? seen.kind.gvk,
    resource: resourceOf(seen.kind),
    subResource: subresource,
    requestKind: ofItsOwn ?? resource.kind.gvk,
    requestResource: resourceOf(resource.kind),
    requestSubResource: subresource,
    name: name || (object?.metadata?.name ?? ''),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: {},
  }
}

/** What a subresource has for a body is of a kind of its own; undefined for the object itself. */
function bodyKind(object: Parameters<typeof kindIn>[0], own: GroupVersionKind): GroupVersionKind | undefined {
  const kind = kindIn(object)
  return kind?.kind === own.kind ? undefined : kind
}

function namespaceVariable({ metadata, spec, status }: Namespace) {
  const { uid, managedFields: _, selfLink: _s, ownerReferences: _o, ...rest } = metadata
  return { metadata: { ...rest, ...(uid ? { UID: uid } : {}) }, spec, status }
}
