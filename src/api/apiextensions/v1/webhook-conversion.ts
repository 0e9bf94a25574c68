import {
  bytes,
  type FieldsType,
  int32,
  list,
  type MessageSchema,
  message,
  optional,
  pointer,
  required,
  string,
} from '../../../schema/index.js'

const serviceReference = {
  namespace: required(1, string),
  name: required(2, string),
  path: pointer(3, string),
  port: pointer(4, int32),
}
export interface ServiceReference extends FieldsType<typeof serviceReference> {}
export const ServiceReference: MessageSchema<ServiceReference> = message(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.ServiceReference',
  serviceReference,
)

const webhookClientConfig = {
  url: pointer(3, string),
  service: pointer(1, ServiceReference),
  caBundle: optional(2, bytes),
}
export interface WebhookClientConfig extends FieldsType<typeof webhookClientConfig> {}
export const WebhookClientConfig: MessageSchema<WebhookClientConfig> = message(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig',
  webhookClientConfig,
)

const webhookConversion = {
  clientConfig: pointer(2, WebhookClientConfig),
  conversionReviewVersions: required(3, list(string)),
}
export interface WebhookConversion extends FieldsType<typeof webhookConversion> {}
export const WebhookConversion: MessageSchema<WebhookConversion> = message(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.WebhookConversion',
  webhookConversion,
)

const customResourceConversion = {
  strategy: required(1, string),
  webhook: pointer(2, WebhookConversion),
}
export interface CustomResourceConversion extends FieldsType<typeof customResourceConversion> {}
export const CustomResourceConversion: MessageSchema<CustomResourceConversion> = message(
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion',
  customResourceConversion,
)
