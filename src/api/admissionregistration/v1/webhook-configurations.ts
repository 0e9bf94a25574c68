import { duplicate, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import type { Draft, Kind } from '../../../schema/index.js'
import { ageColumn, nameColumn, numberColumn } from '../../columns.js'
import { oneOf, requiredOneOf } from '../../field-rules.js'
import { type MutatingWebhook, MutatingWebhookConfiguration } from './mutating-webhook-configuration.js'
import { policyEnvironment } from './policy-environment.js'
import { compileConditions, findFaults } from './policy-expressions.js'
import { type ValidatingWebhook, ValidatingWebhookConfiguration } from './validating-webhook-configuration.js'
import {
  validateClientConfig,
  validateMatchConditions,
  validateOperationRule,
  validateReviewVersions,
} from './webhook-rules.js'

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration
type Webhook = MutatingWebhook | ValidatingWebhook

export const mutatingWebhookConfigurations: Resource<MutatingWebhookConfiguration> =
  configurations(MutatingWebhookConfiguration)
export const validatingWebhookConfigurations: Resource<ValidatingWebhookConfiguration> =
  configurations(ValidatingWebhookConfiguration)

function configurations<T extends Configuration, I>(kind: Kind<T, I>): Resource<T> {
  return resource(kind, {
    categories: ['api-extensions'],
    columns: [
      nameColumn,
      numberColumn('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, {
        description: 'Webhooks indicates the number of webhooks registered in this configuration',
      }),
      ageColumn,
    ],
    defaults(draft) {
      const isMutating = kind.gvk.kind === 'MutatingWebhookConfiguration'
      for (const webhook of (draft as Draft<Configuration>).webhooks ?? []) defaultWebhook(webhook, isMutating)
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

function defaultWebhook(webhook: Draft<Webhook>, isMutating: boolean): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  if (isMutating) (webhook as Draft<MutatingWebhook>).reinvocationPolicy ??= 'Never'
  for (const rule of webhook.rules ?? []) rule.scope ??= '*'
  if (webhook.clientConfig.service) webhook.clientConfig.service.port ??= 443
}

function validate({ webhooks = [] }: Configuration): FieldError[] {
  const names = new Set<string>()
  return (webhooks as readonly Webhook[]).flatMap((webhook, i) => {
    const at = root.child('webhooks').index(i)
    const errors = [
      ...validateWebhook(webhook, at),
      ...validateReviewVersions(webhook.admissionReviewVersions, at.child('admissionReviewVersions')),
    ]
    if (webhook.name && names.has(webhook.name)) errors.push(duplicate(at.child('name'), webhook.name))
    names.add(webhook.name)
    return errors
  })
}

const conditionEnvironment = policyEnvironment({ withoutNamespace: true })

const longestTimeout = 30

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
function validateWebhook(webhook: Webhook, at: FieldPath): FieldError[] {
  const { timeoutSeconds: seconds, rules = [], sideEffects } = webhook
  const errors = [
    ...validateName(webhook.name, at.child('name')),
    ...rules.flatMap((rule, i) => validateOperationRule(rule, at.child('rules').index(i))),
    ...oneOf(webhook.failurePolicy, ['Fail', 'Ignore'], at.child('failurePolicy')),
    ...oneOf(webhook.matchPolicy, ['Equivalent', 'Exact'], at.child('matchPolicy')),
    ...requiredOneOf(
      sideEffects ?? undefined,
      ['None', 'NoneOnDryRun'],
      at.child('sideEffects'),
      'must specify one of None, NoneOnDryRun',
    ),
  ]
  if (seconds !== undefined && (seconds < 1 || seconds > longestTimeout))
    errors.push(
      invalidValue(
        at.child('timeoutSeconds'),
        seconds,
        `the timeout value must be between 1 and ${longestTimeout} seconds`,
      ),
    )
  errors.push(
    ...validateLabelSelector(webhook.namespaceSelector, at.child('namespaceSelector')),
    ...validateLabelSelector(webhook.objectSelector, at.child('objectSelector')),
  )
  if ('reinvocationPolicy' in webhook)
    errors.push(...oneOf(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], at.child('reinvocationPolicy')))
  return [
    ...errors,
    ...validateClientConfig(webhook.clientConfig, at.child('clientConfig')),
    ...validateMatchConditions(
      webhook.matchConditions,
      at.child('matchConditions'),
      findFaults(at, onFault => compileConditions(webhook.matchConditions, conditionEnvironment, onFault)),
    ),
  ]
}

function validateName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  const faults = invalidValues(at, name, dns1123Subdomain(name))
  if (faults.length > 0) return faults
  return name.split('.').length < 3
    ? [invalidValue(at, name, 'should be a domain with at least three segments separated by dots')]
    : []
}
