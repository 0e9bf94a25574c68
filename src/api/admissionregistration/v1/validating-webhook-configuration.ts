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

const validatingWebhook = {
  name: required(1, string),
  clientConfig: required(2, WebhookClientConfig),
  rules: optional(3, list(RuleWithOperations)),
  failurePolicy: pointer(4, string, { enum: ['Fail', 'Ignore'] }),
  matchPolicy: pointer(9, string, { enum: ['Equivalent', 'Exact'] }),
  namespaceSelector: pointer(5, LabelSelector),
  objectSelector: pointer(10, LabelSelector),
  sideEffects: required(6, string, { nullable: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] }),
  timeoutSeconds: pointer(7, int32),
  admissionReviewVersions: required(8, list(string)),
  matchConditions: optional(11, keyed(MatchCondition, ['name'], 'name')),
}
export interface ValidatingWebhook extends FieldsType<typeof validatingWebhook> {}
export const ValidatingWebhook: MessageSchema<ValidatingWebhook> = message('ValidatingWebhook', validatingWebhook)

const validatingWebhookConfiguration = {
  metadata: embedded(1, ObjectMeta),
  webhooks: optional(2, keyed(ValidatingWebhook, ['name'], 'name')),
}
export interface ValidatingWebhookConfiguration extends TypeMeta, FieldsType<typeof validatingWebhookConfiguration> {}
export interface ValidatingWebhookConfigurationInit
  extends TypeMeta,
    FieldsInit<typeof validatingWebhookConfiguration> {}
/** HTTP callbacks that accept or refuse requests. */
export const ValidatingWebhookConfiguration: Kind<ValidatingWebhookConfiguration, ValidatingWebhookConfigurationInit> =
  kind(
    'ValidatingWebhookConfiguration',
    { plural: 'validatingwebhookconfigurations', namespaced: false },
    validatingWebhookConfiguration,
  )
