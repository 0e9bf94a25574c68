import {
  compileMutatingPolicy,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  type MutatingPrograms,
  type Mutation,
} from '../../../api/admissionregistration/v1/index.js'
import { applyPatch, atomicParts, configFault, objectTypeOf } from '../../../machinery/apply/index.js'
import { CelError, type CelValue, type Program, toJson } from '../../../machinery/cel/index.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { ApiObject } from '../../../machinery/object.js'
import { applyJsonPatch, isFailedTest, patchFault } from '../../../machinery/patch/index.js'
import { internalError, StatusError } from '../../../machinery/status-error.js'
import { DecodeError, decodeJson, type Kind } from '../../../schema/index.js'
import type { Authorizer } from '../../authorization/authorizer.js'
import type { Registries } from '../../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, refusal } from '../admission.js'
import { isExempt, matchedForm, namespaceOf, type SeenAs } from '../matching.js'
import { type Reinvocations, reinvocationsByRequest } from '../reinvocations.js'
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
  const reinvocationsOf = reinvocationsByRequest()
  const changeByAll = async (
    request: AdmissionRequest,
    bindings: readonly { readonly object: MutatingAdmissionPolicyBinding }[],
  ): Promise<void> => {
    const faults: Fault[] = []
    const reinvocations = reinvocationsOf(request)
    reinvocations.begin(request)
    for (const { object: binding } of bindings) {
      const policy = registries.of(MutatingAdmissionPolicy).cache.get(binding.spec.policyName ?? '')?.object
      if (!policy) continue
      const found = await change(registries, authorizer, request, policy, binding, programsOf(policy), reinvocations)
      if (policy.spec.failurePolicy !== 'Ignore') faults.push(...found)
    }
    reinvocations.end(request)
    if (faults.length > 0) throw deniedBy(request, faults)
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

/** Why a policy denies a request: it cannot be asked, or fails. */
interface Fault {
  readonly reason: 'Forbidden' | 'Invalid'
  readonly message: string
}

/** The first fault is the answer, all of them are its causes. */
function deniedBy(request: AdmissionRequest, faults: readonly Fault[]): StatusError {
  const { code, details } = refusal(request, '')
  const [{ reason, message }] = faults as readonly [Fault]
  return new StatusError(code, reason, message, { ...details, causes: faults.map(({ message }) => ({ message })) })
}

async function change(
  registries: Registries,
  authorizer: Authorizer,
  request: AdmissionRequest,
  { metadata, spec }: MutatingAdmissionPolicy,
  binding: MutatingAdmissionPolicyBinding,
  programs: MutatingPrograms,
  reinvocations: Reinvocations,
): Promise<readonly Fault[]> {
  const form = matchedForm(registries, spec.matchConstraints, request)
  if (!form || !matchedForm(registries, binding.spec.matchResources, request)) return []
  const faults: Fault[] = []
  const denied = (by: string, reason: Fault['reason'], why: string) =>
    faults.push({ reason, message: `${by} denied request: ${why}` })
  const bound = `policy '${metadata.name}' with binding '${binding.metadata.name}'`
  const trying = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ConfigurationError)
        denied(error.isOfPolicy ? `policy ${JSON.stringify(metadata.name)}` : bound, 'Forbidden', error.message)
      else if (error instanceof CelError) denied(bound, 'Invalid', error.message)
      else throw error
      return undefined
    }
  }
  const before = await subjectOf(request, form, namespaceOf(registries, request), authorizerValue(authorizer, request))
  let object = before.object
  const given = await trying(async () => paramsOf(registries, spec.paramKind, binding.spec.paramRef, request))
  for (const params of given ?? []) {
    const id = `${binding.metadata.name} ${params?.metadata.namespace ?? ''}/${params?.metadata.name ?? ''}`
    if (!reinvocations.asks(id)) continue
    const unchanged = object
    const runOn = (object: ApiObject | undefined) =>
      new PolicyRun({ ...before, object } satisfies PolicySubject, programs.variables, params)
    if (!(await trying(() => runOn(object).meets(programs.conditions)))) continue
    for (const [i, mutation] of (spec.mutations ?? []).entries()) {
      const program = programs.mutations[i]
      const current = object
      // Each mutation sees what those before it have made.
      if (program && current)
        object = (await trying(() => mutated(runOn(current), mutation, program, current, form))) ?? current
    }
    reinvocations.asked(request, id, !jsonEqual(unchanged, object), spec.reinvocationPolicy === 'IfNeeded')
  }
  if (object && object !== before.object) replaceObject(request, await form.from(object))
  return faults
}

async function mutated(
  run: PolicyRun,
  { patchType }: Mutation,
  program: Program,
  object: ApiObject,
  { resource: { kind } }: SeenAs,
): Promise<ApiObject> {
  const made = toJson((await run.evaluate(program)) as CelValue)
  const typed = kind as Kind<ApiObject>
  return patchType === 'JSONPatch'
    ? patched(typed, object, made)
    : asWritten(
        decodeJson(typed, applied(typed, object, made as { readonly [field: string]: unknown })) as ApiObject,
        kind.gvk,
      )
}

/** Throws CelError for a patch that does not fit; a 500, whatever the policy says, if what it makes is no such object. */
function patched(kind: Kind<ApiObject>, object: ApiObject, patch: unknown): ApiObject {
  let changed: unknown
  try {
    changed = applyJsonPatch(object, patch)
  } catch (error) {
    // A patch with a test that fails is not applied.
    if (isFailedTest(error)) return object
    const fault = patchFault(error)
    throw fault === undefined ? error : new CelError(`JSON Patch: ${fault}`)
  }
  const { apiVersion = '', kind: name } = changed as Partial<ApiObject>
  if (!kind.decoder && (apiVersion !== object.apiVersion || name !== object.kind))
    throw internalError(
      `no kind "${name}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    )
  const unknown: string[] = []
  try {
    const decoded = decodeJson(kind, changed, {
      onUnknownField: path => unknown.push(`unknown field ${JSON.stringify(path)}`),
    })
    if (unknown.length > 0 && !kind.decoder) throw internalError(`strict decoding error: ${unknown.join(', ')}`)
    return asWritten(decoded as ApiObject, kind.gvk)
  } catch (error) {
    throw error instanceof DecodeError ? internalError(error.message) : error
  }
}

/** Merged as server-side apply does, by whoever may take every field. Throws CelError for what does not fit. */
function applied(kind: Kind<ApiObject>, object: ApiObject, config: { readonly [field: string]: unknown }): unknown {
  const type = objectTypeOf(kind)
  const fault = configFault(config, type)
  if (fault) throw new CelError(`error applying patch: failed to convert patch object to typed object: ${fault}`)
  const atomic = atomicParts(config, type)
  if (atomic.length > 0)
    throw new CelError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`,
    )
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
