import {
  compileMutatingPolicy,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  type MutatingPrograms,
  type Mutation,
} from '../../../api/admissionregistration/v1/index.js'
import { applyPatch } from '../../../machinery/apply/index.js'
import { CelError, type CelValue, type Program, toJson } from '../../../machinery/cel/index.js'
import type { ApiObject } from '../../../machinery/object.js'
import { applyJsonPatch } from '../../../machinery/patch/index.js'
import { StatusError } from '../../../machinery/status-error.js'
import { decodeJson, type Kind } from '../../../schema/index.js'
import type { Authorizer } from '../../authorization/authorizer.js'
import type { Registries } from '../../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, refusal } from '../admission.js'
import { isExempt, matchedForm, namespaceOf, type SeenAs } from '../matching.js'
import { replaceObject } from '../replace-object.js'
import { authorizerValue } from './authorizer-value.js'
import { ConfigurationError, paramsOf } from './policy-bindings.js'
import { asWritten, PolicyRun, type PolicySubject, subjectOf } from './policy-variables.js'

/**
 * MutatingAdmissionPolicy: changes objects by what expressions make of them.
 * https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
 */
export function mutatingPolicies(registries: Registries, authorizer: Authorizer): AdmissionPlugin {
  const compiled = new WeakMap<object, MutatingPrograms>()
  const programsOf = (policy: MutatingAdmissionPolicy): MutatingPrograms => {
    let programs = compiled.get(policy.spec)
    if (!programs) compiled.set(policy.spec, (programs = compileMutatingPolicy(policy, () => {})))
    return programs
  }
  const changeByAll = async (
    request: AdmissionRequest,
    bindings: readonly { readonly object: MutatingAdmissionPolicyBinding }[],
  ): Promise<void> => {
    for (const { object: binding } of bindings) {
      const policy = registries.of(MutatingAdmissionPolicy).cache.get(binding.spec.policyName ?? '')?.object
      if (policy) await change(registries, authorizer, request, policy, binding, programsOf(policy))
    }
  }
  return {
    name: 'MutatingAdmissionPolicy',
    mutate(request) {
      const bindings = registries.of(MutatingAdmissionPolicyBinding).cache.list()
      if (bindings.length === 0 || !request.object || isExempt(request)) return undefined
      return changeByAll(request, bindings)
    },
  }
}

async function change(
  registries: Registries,
  authorizer: Authorizer,
  request: AdmissionRequest,
  { metadata, spec }: MutatingAdmissionPolicy,
  binding: MutatingAdmissionPolicyBinding,
  programs: MutatingPrograms,
): Promise<void> {
  const form = matchedForm(registries, spec.matchConstraints, request)
  if (!form || !matchedForm(registries, binding.spec.matchResources, request)) return
  try {
    const before = await subjectOf(
      request,
      form,
      namespaceOf(registries, request),
      authorizerValue(authorizer, request),
    )
    let object = before.object
    for (const params of paramsOf(registries, spec.paramKind, binding.spec.paramRef, request)) {
      const runOn = (object: ApiObject | undefined) =>
        new PolicyRun({ ...before, object } satisfies PolicySubject, programs.variables, params)
      if (!(await runOn(object).meets(programs.conditions))) continue
      for (const [i, mutation] of (spec.mutations ?? []).entries()) {
        const program = programs.mutations[i]
        // Each mutation sees what those before it have made.
        if (program && object) object = await mutated(runOn(object), mutation, program, object, form)
      }
    }
    if (object && object !== before.object) replaceObject(request, await form.from(object))
  } catch (error) {
    const known = error instanceof ConfigurationError || error instanceof CelError || error instanceof StatusError
    if (!known) throw error
    if (spec.failurePolicy === 'Ignore') return
    const why = `MutatingAdmissionPolicy '${metadata.name}' with binding '${binding.metadata.name}' denied request: ${error.message}`
    const { message, details } = refusal(request, why)
    throw new StatusError(422, 'Invalid', message, { ...details, causes: [{ message: why }] })
  }
}

async function mutated(
  run: PolicyRun,
  { patchType }: Mutation,
  program: Program,
  object: ApiObject,
  { resource: { kind } }: SeenAs,
): Promise<ApiObject> {
  const made = toJson((await run.evaluate(program)) as CelValue)
  const changed =
    patchType === 'JSONPatch'
      ? applyJsonPatch(object, made)
      : applied(kind, object, made as { readonly [field: string]: unknown })
  return asWritten(decodeJson(kind as Kind<ApiObject>, changed) as ApiObject, kind.gvk)
}

/** Merged as server-side apply does, by whoever may take every field. */
function applied(kind: Kind<ApiObject>, object: ApiObject, config: { readonly [field: string]: unknown }): unknown {
  const { metadata, apiVersion = '' } = object
  const identity = { name: metadata.name, ...(metadata.namespace ? { namespace: metadata.namespace } : {}) }
  const { managedFields, ...rest } = metadata
  const result = applyPatch({
    schema: kind,
    live: { ...object, metadata: rest },
    config: {
      ...config,
      apiVersion,
      kind: object.kind,
      metadata: { ...(config.metadata as object | undefined), ...identity },
    },
    managedFields: [],
    manager: 'mutating-admission-policy',
    force: true,
    subresource: '',
    apiVersion,
    time: '',
  }).object as ApiObject
  return { ...result, metadata: { ...result.metadata, ...(managedFields ? { managedFields } : {}) } }
}
