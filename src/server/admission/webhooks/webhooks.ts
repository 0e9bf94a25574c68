import {
  compileConditions,
  type MutatingWebhook,
  MutatingWebhookConfiguration,
  type NamedProgram,
  policyEnvironment,
  ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration/v1/index.js'
import { CelError } from '../../../machinery/cel/index.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { ApiObject } from '../../../machinery/object.js'
import { applyJsonPatch } from '../../../machinery/patch/index.js'
import { badRequest, internalError, StatusError } from '../../../machinery/status-error.js'
import { DecodeError, decodeJson, type Kind } from '../../../schema/index.js'
import type { Authorizer } from '../../authorization/authorizer.js'
import type { Registries } from '../../registry/registries.js'
import type { CallWebhook } from '../../webhooks/webhook-client.js'
import { type AdmissionPlugin, type AdmissionRequest, refusal } from '../admission.js'
import { chosenForm, isExempt, namespaceOf, ruleMatches, type SeenAs, selectorsMatch } from '../matching.js'
import { authorizerValue } from '../policies/authorizer-value.js'
import { PolicyRun, subjectOf } from '../policies/policy-variables.js'
import { reinvocationsByRequest } from '../reinvocations.js'
import { replaceObject } from '../replace-object.js'
import { ReviewError, reviewOf, type Verdict, verdictOf, type Webhook } from './review.js'

export interface WebhookParts {
  readonly registries: Registries
  readonly authorizer: Authorizer
  readonly call: CallWebhook
}

/** A webhook in its configuration. */
interface Configured<W> {
  readonly webhook: W
  /** Unlike the webhook's name, its own. */
  readonly id: string
}

const conditionEnvironment = policyEnvironment({ withoutNamespace: true })
const conditions = new WeakMap<object, readonly NamedProgram[]>()

/** The programs of a webhook's conditions, compiled once. */
function conditionsOf(webhook: Webhook): readonly NamedProgram[] {
  let programs = conditions.get(webhook)
  if (!programs)
    conditions.set(webhook, (programs = compileConditions(webhook.matchConditions, conditionEnvironment, () => {})))
  return programs
}

/**
 * MutatingAdmissionWebhook: asks services to change requests, one after the other.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function mutatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  const reinvocationsOf = reinvocationsByRequest()
  const askAll = async (request: AdmissionRequest, configurations: readonly WebhookConfiguration[]): Promise<void> => {
    const reinvocations = reinvocationsOf(request)
    reinvocations.begin(request)
    for (const { webhook, id } of webhooksOf<MutatingWebhook>(configurations)) {
      if (!reinvocations.asks(id)) continue
      const changed = await mutate(parts, request, webhook)
      if (changed !== undefined) reinvocations.asked(request, id, changed, webhook.reinvocationPolicy === 'IfNeeded')
    }
    reinvocations.end(request)
  }
  return {
    name: 'MutatingAdmissionWebhook',
    mutate(request) {
      const configurations = parts.registries.of(MutatingWebhookConfiguration).cache.list()
      return configurations.length === 0 || isExempt(request) ? undefined : askAll(request, configurations)
    },
  }
}

/** ValidatingAdmissionWebhook: asks services whether requests are to be refused, all at once. */
export const validatingWebhooks = (parts: WebhookParts): AdmissionPlugin => ({
  name: 'ValidatingAdmissionWebhook',
  validate(request) {
    const configurations = parts.registries.of(ValidatingWebhookConfiguration).cache.list()
    return configurations.length === 0 || isExempt(request) ? undefined : validateBy(parts, request, configurations)
  },
})

async function validateBy(
  parts: WebhookParts,
  request: AdmissionRequest,
  configurations: readonly WebhookConfiguration[],
): Promise<void> {
  const verdicts = await Promise.allSettled(
    webhooksOf<Webhook>(configurations).map(({ webhook }) => ask(parts, request, webhook)),
  )
  for (const verdict of verdicts) if (verdict.status === 'rejected') throw verdict.reason
  for (const verdict of verdicts)
    if (verdict.status === 'fulfilled' && verdict.value?.verdict.refusal) throw verdict.value.verdict.refusal
}

interface WebhookConfiguration {
  readonly object: { readonly metadata: ApiObject['metadata']; readonly webhooks?: readonly Webhook[] }
}

function webhooksOf<W extends Webhook>(configurations: readonly WebhookConfiguration[]): Configured<W>[] {
  return configurations.flatMap(({ object: { metadata, webhooks = [] } }) =>
    webhooks.map((webhook, i) => ({ webhook: webhook as W, id: `${metadata.name}/${webhook.name}/${i}` })),
  )
}

interface Asked {
  readonly form: SeenAs
  readonly object: ApiObject | undefined
  readonly verdict: Verdict
}

/** Asks a webhook, if it is about the request; resolves to undefined if it is not, or if its failure does not matter. */
async function ask(
  { registries, authorizer, call }: WebhookParts,
  request: AdmissionRequest,
  webhook: Webhook,
): Promise<Asked | undefined> {
  const { name, rules = [], matchPolicy, failurePolicy, sideEffects, timeoutSeconds = 10 } = webhook
  const form = chosenForm(registries, request, matchPolicy, resource =>
    rules.some(rule => ruleMatches(rule, request, resource)),
  )
  if (!form || !selectorsMatch(registries, webhook, request)) return undefined
  const value = authorizerValue(authorizer, request)
  const subject = await subjectOf(request, form, namespaceOf(registries, request), value)
  try {
    if (!(await new PolicyRun(subject, [], undefined).meets(conditionsOf(webhook)))) return undefined
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    if (failurePolicy === 'Ignore') return undefined
    throw refusal(request, error.message)
  }
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook "${name}" does not support dry run`)
  const review = reviewOf(webhook, subject)
  try {
    const timeout = timeoutSeconds * 1000
    const text = await call(webhook.clientConfig, review, { timeout, tellTimeout: true }).catch((error: Error) => {
      throw new ReviewError(`failed to call webhook: ${error.message}`)
    })
    const verdict = verdictOf(name, review, text)
    for (const warning of verdict.warnings) request.warn(warning)
    for (const [key, value] of Object.entries(verdict.auditAnnotations ?? {}))
      request.annotate?.(`${name}/${key}`, value)
    return { form, object: subject.object, verdict }
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error
    if (failurePolicy === 'Ignore') return undefined
    throw internalError(`failed calling webhook "${name}": ${error.message}`)
  }
}

/** Resolves to whether the webhook has changed the object; undefined if it was not asked, or did not answer. */
async function mutate(
  parts: WebhookParts,
  request: AdmissionRequest,
  webhook: MutatingWebhook,
): Promise<boolean | undefined> {
  const asked = await ask(parts, request, webhook)
  if (!asked) return undefined
  const { form, object, verdict } = asked
  if (verdict.refusal) throw verdict.refusal
  if (verdict.patch === undefined) return false
  if (!request.object || !object)
    throw internalError(
      `admission webhook "${webhook.name}" attempted to modify the object, which is not supported for this operation`,
    )
  let changed: ApiObject
  try {
    const patched = applyJsonPatch(object, verdict.patch)
    changed = decodeJson(form.resource.kind as Kind<ApiObject>, patched) as ApiObject
  } catch (error) {
    if (error instanceof StatusError || error instanceof DecodeError)
      throw internalError(`failed calling webhook "${webhook.name}": ${error.message}`)
    throw error
  }
  const before = structuredClone(request.object)
  replaceObject(request, await form.from(changed))
  return !jsonEqual(before, request.object)
}
