import { LabelSelector, ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'
import { MatchCondition, RuleWithOperations } from './match.js'
import { WebhookClientConfig } from './webhook.js'

const mutatingWebhook = {
  name: required(1, string),
  clientConfig: required(2, WebhookClientConfig),
  rules: optional(3, list(RuleWithOperations)),
  failurePolicy: pointer(4, string, { enum: ['Fail', 'Ignore'] }),
  matchPolicy: pointer(9, string, { enum: ['Equivalent', 'Exact'] }),
  namespaceSelector: pointer(5, LabelSelector),
  objectSelector: pointer(11, LabelSelector),
  sideEffects: required(6, string, { nullable: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] }),
  timeoutSeconds: pointer(7, int32),
  admissionReviewVersions: required(8, list(string)),
  reinvocationPolicy: pointer(10, string, { enum: ['IfNeeded', 'Never'] }),
  matchConditions: optional(12, keyed(MatchCondition, ['name'], 'name')),
}
export interface MutatingWebhook extends FieldsType<typeof mutatingWebhook> {}
export const MutatingWebhook: MessageSchema<MutatingWebhook> = message('MutatingWebhook', mutatingWebhook)

const mutatingWebhookConfiguration = {
  metadata: embedded(1, ObjectMeta),
  webhooks: optional(2, keyed(MutatingWebhook, ['name'], 'name')),
}
export interface MutatingWebhookConfiguration extends TypeMeta, FieldsType<typeof mutatingWebhookConfiguration> {}
export interface MutatingWebhookConfigurationInit extends TypeMeta, FieldsInit<typeof mutatingWebhookConfiguration> {}
/** HTTP callbacks that may change requests on their way in. */
export const MutatingWebhookConfiguration: Kind<MutatingWebhookConfiguration, MutatingWebhookConfigurationInit> = kind(
  'MutatingWebhookConfiguration',
  { plural: 'mutatingwebhookconfigurations', namespaced: false },
  mutatingWebhookConfiguration,
)
