/**
 * The whole catalogue under flat names. Where two groups share a name, the better known one has it and the other one is
 * prefixed with its group; HorizontalPodAutoscaler is autoscaling/v2's, v1's is in `autoscalingV1`.
 */
export * from './admission/v1/index.js'
export * from './admissionregistration/v1/index.js'
// Who has a shared name: a named export wins over the stars above.
export { ServiceReference, WebhookClientConfig } from './admissionregistration/v1/index.js'
export * from './apidiscovery/v2/index.js'
export * from './apiextensions/v1/index.js'
export {
  ServiceReference as ApiextensionsServiceReference,
  WebhookClientConfig as ApiextensionsWebhookClientConfig,
} from './apiextensions/v1/index.js'
export * from './apiregistration/v1/index.js'
export { ServiceReference as ApiregistrationServiceReference } from './apiregistration/v1/index.js'
export * from './apps/v1/index.js'
export {
  AuthenticationMetadata as AuditAuthenticationMetadata,
  Event as AuditEvent,
  GroupResources as AuditGroupResources,
  ObjectReference as AuditObjectReference,
  Policy as AuditPolicy,
  PolicyRule as AuditPolicyRule,
} from './audit/v1/index.js'
export * from './authentication/v1/index.js'
export { TokenRequest } from './authentication/v1/index.js'
export * from './authorization/v1/index.js'
export * as autoscalingV1 from './autoscaling/v1/index.js'
export { Scale, ScaleSpec, ScaleStatus } from './autoscaling/v1/index.js'
export * from './autoscaling/v2/index.js'
export * from './batch/v1/index.js'
export { kindOf, kinds, messages } from './catalogue.js'
export * from './certificates/v1/index.js'
export * from './coordination/v1/index.js'
export * from './core/v1/index.js'
export {
  EndpointPort,
  Event,
  EventSeries,
  ObjectReference,
  ResourceClaim as CoreResourceClaim,
} from './core/v1/index.js'
export * from './discovery/v1/index.js'
export { EndpointPort as DiscoveryEndpointPort } from './discovery/v1/index.js'
export { Event as EventsEvent, EventSeries as EventsEventSeries } from './events/v1/index.js'
export * from './flowcontrol/v1/index.js'
export { Subject as FlowcontrolSubject } from './flowcontrol/v1/index.js'
export * from './networking/v1/index.js'
export * from './node/v1/index.js'
export * from './policy/v1/index.js'
export * from './rbac/v1/index.js'
export { PolicyRule, Subject } from './rbac/v1/index.js'
export * from './resource/v1/index.js'
export { ResourceClaim } from './resource/v1/index.js'
export * from './scheduling/v1/index.js'
export * from './storage/v1/index.js'
export { TokenRequest as StorageTokenRequest } from './storage/v1/index.js'
export * from './storagemigration/v1beta1/index.js'
