/** What a `t8s.config.ts` is made of. */
export { apiClient } from './client/api-client.js'
export { apply } from './client/apply.js'
export type {
  Client,
  DeleteOptions,
  ListOptions,
  ListResult,
  ObjectRef,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client/client.js'
export {
  type Again,
  type Cache,
  type Controller,
  type Index,
  index,
  type Key,
  type ReconcileContext,
  type Watches,
  watchAlso,
  watchOwned,
} from './client/controller.js'
export type { EventDetails, EventRecorder, EventType } from './client/events.js'
export { type Endpoint, httpsTransport, type Transport } from './client/https-transport.js'
export { controllerOf, controllerReference } from './client/owners.js'
export {
  type Cluster,
  type Config,
  type ConfigDeclaration,
  type ConfiguredAdmission,
  type ConfiguredController,
  controller,
  defineConfig,
} from './config/config.js'
export { type CustomResource, type CustomResourceDeclaration, customResource } from './config/custom-resource.js'
export { type Clock, ManualClock, systemClock } from './machinery/clock.js'
export type { UserInfo } from './machinery/http.js'
export type { ApiObject } from './machinery/object.js'
export {
  badRequest,
  conflict,
  forbidden,
  isAlreadyExists,
  isConflict,
  isNotFound,
  StatusError,
  tooManyRequests,
} from './machinery/status-error.js'
export {
  type NodeFilter,
  type NodeScorer,
  normalized,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  Unschedulable,
} from './scheduler/framework.js'
export type { NodeInfo } from './scheduler/node-info.js'
export {
  type AdmissionAttributes as AdmissionRequest,
  type AdmissionPlugin,
  admission,
  type Operation,
  refusal,
} from './server/admission/admission.js'
export type { AuthenticatorPlugin, RequestHead, Reviewed } from './server/authentication/authenticator.js'
export type { AccessRequest } from './server/authorization/access-request.js'
export type { AuthorizerPlugin, PluginDecision } from './server/authorization/authorizer.js'
export type { PluginLimits } from './server/plugin-limits.js'
export type { AddedHeaders, HookedAnswer, HookedRequest, RequestHook } from './server/request-hooks.js'
export type { RequestMatch, ResourceMatch } from './server/request-match.js'
