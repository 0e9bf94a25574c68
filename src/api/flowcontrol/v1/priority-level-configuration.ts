import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  keyed,
  type MessageSchema,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const exemptPriorityLevelConfiguration = {
  nominalConcurrencyShares: pointer(1, int32),
  lendablePercent: pointer(2, int32),
}
export interface ExemptPriorityLevelConfiguration extends FieldsType<typeof exemptPriorityLevelConfiguration> {}
export const ExemptPriorityLevelConfiguration: MessageSchema<ExemptPriorityLevelConfiguration> = message(
  'ExemptPriorityLevelConfiguration',
  exemptPriorityLevelConfiguration,
)

const queuingConfiguration = {
  queues: embedded(1, int32),
  handSize: embedded(2, int32),
  queueLengthLimit: embedded(3, int32),
}
export interface QueuingConfiguration extends FieldsType<typeof queuingConfiguration> {}
export interface QueuingConfigurationInit extends FieldsInit<typeof queuingConfiguration> {}
export const QueuingConfiguration: MessageSchema<QueuingConfiguration, QueuingConfigurationInit> = message(
  'QueuingConfiguration',
  queuingConfiguration,
)

const limitResponse = {
  type: required(1, string),
  queuing: pointer(2, QueuingConfiguration),
}
export interface LimitResponse extends FieldsType<typeof limitResponse> {}
export interface LimitResponseInit extends FieldsInit<typeof limitResponse> {}
export const LimitResponse: MessageSchema<LimitResponse, LimitResponseInit> = message('LimitResponse', limitResponse, {
  unions: [{ discriminator: 'type', fields: { queuing: 'Queuing' } }],
})

const limitedPriorityLevelConfiguration = {
  nominalConcurrencyShares: nullable(1, int32),
  limitResponse: embedded(2, LimitResponse),
  lendablePercent: pointer(3, int32),
  borrowingLimitPercent: pointer(4, int32),
}
export interface LimitedPriorityLevelConfiguration extends FieldsType<typeof limitedPriorityLevelConfiguration> {}
export interface LimitedPriorityLevelConfigurationInit extends FieldsInit<typeof limitedPriorityLevelConfiguration> {}
export const LimitedPriorityLevelConfiguration: MessageSchema<
  LimitedPriorityLevelConfiguration,
  LimitedPriorityLevelConfigurationInit
> = message('LimitedPriorityLevelConfiguration', limitedPriorityLevelConfiguration)

const priorityLevelConfigurationSpec = {
  type: required(1, string),
  limited: pointer(2, LimitedPriorityLevelConfiguration),
  exempt: pointer(3, ExemptPriorityLevelConfiguration),
}
export interface PriorityLevelConfigurationSpec extends FieldsType<typeof priorityLevelConfigurationSpec> {}
export interface PriorityLevelConfigurationSpecInit extends FieldsInit<typeof priorityLevelConfigurationSpec> {}
export const PriorityLevelConfigurationSpec: MessageSchema<
  PriorityLevelConfigurationSpec,
  PriorityLevelConfigurationSpecInit
> = message('PriorityLevelConfigurationSpec', priorityLevelConfigurationSpec, {
  unions: [{ discriminator: 'type', fields: { exempt: 'Exempt', limited: 'Limited' } }],
})

const priorityLevelConfigurationCondition = {
  type: optional(1, string),
  status: optional(2, string),
  lastTransitionTime: nullable(3, time),
  reason: optional(4, string),
  message: optional(5, string),
}
export interface PriorityLevelConfigurationCondition extends FieldsType<typeof priorityLevelConfigurationCondition> {}
export const PriorityLevelConfigurationCondition: MessageSchema<PriorityLevelConfigurationCondition> = message(
  'PriorityLevelConfigurationCondition',
  priorityLevelConfigurationCondition,
)

const priorityLevelConfigurationStatus = {
  conditions: optional(1, keyed(PriorityLevelConfigurationCondition, ['type'], 'type')),
}
export interface PriorityLevelConfigurationStatus extends FieldsType<typeof priorityLevelConfigurationStatus> {}
export const PriorityLevelConfigurationStatus: MessageSchema<PriorityLevelConfigurationStatus> = message(
  'PriorityLevelConfigurationStatus',
  priorityLevelConfigurationStatus,
)

const priorityLevelConfiguration = {
  metadata: embedded(1, ObjectMeta),
  spec: embedded(2, PriorityLevelConfigurationSpec),
  status: embedded(3, PriorityLevelConfigurationStatus),
}
export interface PriorityLevelConfiguration extends TypeMeta, FieldsType<typeof priorityLevelConfiguration> {}
export interface PriorityLevelConfigurationInit extends TypeMeta, FieldsInit<typeof priorityLevelConfiguration> {}
/** A share of the API server that requests of one priority compete for. */
export const PriorityLevelConfiguration: Kind<PriorityLevelConfiguration, PriorityLevelConfigurationInit> = kind(
  'PriorityLevelConfiguration',
  { plural: 'prioritylevelconfigurations', namespaced: false },
  priorityLevelConfiguration,
)
