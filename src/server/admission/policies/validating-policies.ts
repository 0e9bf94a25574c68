import {
  compileValidatingPolicy,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  type ValidatingPrograms,
} from '../../../api/admissionregistration/v1/index.js'
import { CelError } from '../../../machinery/cel/index.js'
import { StatusError } from '../../../machinery/status-error.js'
import type { Authorizer } from '../../authorization/authorizer.js'
import type { Registries } from '../../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, refusal } from '../admission.js'
import { isExempt, matchedForm, namespaceOf } from '../matching.js'
import { authorizerValue } from './authorizer-value.js'
import { ConfigurationError, paramsOf } from './policy-bindings.js'
import { OutOfBudget, PolicyRun, subjectOf } from './policy-variables.js'

/** What a policy has against a request. */
interface Objection {
  readonly message: string
  readonly reason?: string
  /** Which of the policy's rules it is. */
  readonly index?: number
  /** Refuses, whatever the binding would have done. */
  readonly refuses?: true
}

interface Refusal {
  readonly policy: string
  readonly binding: string
  readonly objection: Objection
}

const codes: { readonly [reason: string]: number } = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}
const failureAnnotation = 'validation.policy.admission.k8s.io/validation_failure'
const longestMessage = 5 * 1024

/**
 * ValidatingAdmissionPolicy: refuses, warns or notes what expressions find wrong.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function validatingPolicies(registries: Registries, authorizer: Authorizer): AdmissionPlugin {
  const compiled = new WeakMap<object, ValidatingPrograms>()
  const programsOf = (policy: ValidatingAdmissionPolicy): ValidatingPrograms => {
    let programs = compiled.get(policy.spec)
    if (!programs) compiled.set(policy.spec, (programs = compileValidatingPolicy(policy, () => {})))
    return programs
  }
  const validateAgainst = async (
    request: AdmissionRequest,
    bindings: readonly { readonly object: ValidatingAdmissionPolicyBinding }[],
  ): Promise<void> => {
    const refusals: Refusal[] = []
    for (const { object: binding } of bindings) {
      const policy = registries.of(ValidatingAdmissionPolicy).cache.get(binding.spec.policyName ?? '')?.object
      if (!policy) continue
      const { actions, objections } = await judge(registries, authorizer, request, policy, binding, programsOf(policy))
      const failures: object[] = []
      const names = { policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' }
      for (const objection of objections) {
        if (objection.refuses) {
          refusals.push({ ...names, objection })
          continue
        }
        if (actions.includes('Audit'))
          failures.push({
            message: objection.message,
            ...names,
            expressionIndex: objection.index ?? 0,
            validationActions: actions,
          })
        if (actions.includes('Deny')) refusals.push({ ...names, objection })
        if (actions.includes('Warn'))
          request.warn(
            `Validation failed for ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}': ${objection.message}`,
          )
      }
      if (failures.length > 0) request.annotate?.(failureAnnotation, JSON.stringify(failures))
    }
    const [first] = refusals
    if (first) throw refusedBy(request, first)
  }
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request) {
      const bindings = registries.of(ValidatingAdmissionPolicyBinding).cache.list()
      return bindings.length === 0 || isExempt(request) ? undefined : validateAgainst(request, bindings)
    },
  }
}

async function judge(
  registries: Registries,
  authorizer: Authorizer,
  request: AdmissionRequest,
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  programs: ValidatingPrograms,
): Promise<{ readonly actions: readonly string[]; readonly objections: readonly Objection[] }> {
  const { spec } = policy
  const actions = binding.spec.validationActions ?? []
  const form = matchedForm(registries, spec.matchConstraints, request)
  if (!form || !matchedForm(registries, binding.spec.matchResources, request)) return { actions, objections: [] }
  const failing = (message: string): Objection[] => (spec.failurePolicy === 'Ignore' ? [] : [{ message }])
  try {
    const objections: Objection[] = []
    const subject = await subjectOf(
      request,
      form,
      namespaceOf(registries, request),
      authorizerValue(authorizer, request),
    )
    for (const params of paramsOf(registries, spec.paramKind, binding.spec.paramRef, request)) {
      const run = new PolicyRun(subject, programs.variables, params)
      try {
        if (!(await run.meets(programs.conditions))) continue
        objections.push(...(await objectionsOf(run, policy, programs, failing)))
        objections.push(...(await annotate(run, request, policy, programs, failing)))
      } catch (error) {
        if (!(error instanceof CelError)) throw error
        objections.push(...failing(error.message))
      }
    }
    return { actions, objections }
  } catch (error) {
    // Nobody asked for warnings about a policy that cannot be asked: it refuses.
    if (error instanceof ConfigurationError) return { actions: ['Deny'], objections: failing(error.message) }
    throw error
  }
}

/**
 * What the policy has the audit log tell, whether or not it objects. What cannot be told refuses the request, even where
 * nobody reads the log.
 */
async function annotate(
  run: PolicyRun,
  request: AdmissionRequest,
  { metadata, spec }: ValidatingAdmissionPolicy,
  { annotations }: ValidatingPrograms,
  failing: (message: string) => readonly Objection[],
): Promise<readonly Objection[]> {
  const objections: Objection[] = []
  for (const [i, { key }] of (spec.auditAnnotations ?? []).entries())
    try {
      const program = annotations[i]
      const value = program && (await run.evaluate(program))
      if (typeof value === 'string' && value.trim() !== '') request.annotate?.(`${metadata.name}/${key}`, value.trim())
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      objections.push(...failing(error.message).map(objection => ({ ...objection, refuses: true as const })))
      if (error instanceof OutOfBudget) break
    }
  return objections
}

/** What all rules have against a request; a rule that fails says so, as `failing` has it. */
async function objectionsOf(
  run: PolicyRun,
  { spec }: ValidatingAdmissionPolicy,
  { validations, messages }: ValidatingPrograms,
  failing: (message: string) => readonly Objection[],
): Promise<readonly Objection[]> {
  const objections: Objection[] = []
  for (const [index, { expression, message, reason }] of (spec.validations ?? []).entries()) {
    const program = validations[index]
    try {
      if (!program || (await run.evaluate(program)) === true) continue
      const text =
        (await ownMessage(run, messages[index])) || message?.trim() || `failed expression: ${expression.trim()}`
      objections.push({ message: text, index, ...(reason === undefined ? {} : { reason }) })
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      objections.push(...failing(error.message).map(objection => ({ ...objection, index })))
      if (error instanceof OutOfBudget) break
    }
  }
  return objections
}

/** The message that an expression makes, unless it fails or makes none that is fit to be shown. */
async function ownMessage(run: PolicyRun, program: ValidatingPrograms['messages'][number]): Promise<string> {
  if (!program) return ''
  try {
    const text = String(await run.evaluate(program)).trim()
    return text.length > longestMessage || text.includes('\n') ? '' : text
  } catch (error) {
    if (error instanceof CelError) return ''
    throw error
  }
}

function refusedBy(request: AdmissionRequest, { policy, binding, objection }: Refusal): StatusError {
  const why = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${objection.message}`
  const { message, details } = refusal(request, why)
  const reason = objection.reason ?? 'Invalid'
  return new StatusError(codes[reason] ?? 422, reason, message, { ...details, causes: [{ message: why }] })
}
