/** Typernetes as a library: a control plane in this process, and a client for any cluster. */
export { apiClient } from './client/api-client.js'
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
export { type Endpoint, httpsTransport, type Transport } from './client/https-transport.js'
export { ControlPlane, type ControlPlaneOptions } from './cluster/control-plane.js'
export { type Clock, ManualClock, systemClock } from './machinery/clock.js'
export { StatusError } from './machinery/status-error.js'
