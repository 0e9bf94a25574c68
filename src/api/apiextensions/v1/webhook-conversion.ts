import {
  bytes,
  type FieldsType,
  int32,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'
import { message } from './declare.js'

const serviceReference = {
  namespace: required(1, string),
  name: required(2, string),
  path: pointer(3, string),
  port: pointer(4, int32),
}
export interface ServiceReference extends FieldsType<typeof serviceReference> {}
export const ServiceReference: MessageSchema<ServiceReference> = message('ServiceReference', serviceReference)

const webhookClientConfig = {
  url: pointer(3, string),
  service: pointer(1, ServiceReference),
  caBundle: optional(2, bytes),
}
export interface WebhookClientConfig extends FieldsType<typeof webhookClientConfig> {}
export const WebhookClientConfig: MessageSchema<WebhookClientConfig> = message(
  'WebhookClientConfig',
  webhookClientConfig,
)

const webhookConversion = {
  clientConfig: pointer(2, WebhookClientConfig),
  conversionReviewVersions: required(3, list(string)),
}
export interface WebhookConversion extends FieldsType<typeof webhookConversion> {}
export const WebhookConversion: MessageSchema<WebhookConversion> = message('WebhookConversion', webhookConversion)

const customResourceConversion = {
  strategy: required(1, string),
  webhook: pointer(2, WebhookConversion),
}
export interface CustomResourceConversion extends FieldsType<typeof customResourceConversion> {}
export const CustomResourceConversion: MessageSchema<CustomResourceConversion> = message(
  'CustomResourceConversion',
  customResourceConversion,
)
