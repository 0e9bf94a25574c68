/** Typernetes as a library: a control plane in this process, a client for any cluster, and what extends a cluster. */
export { ControlPlane, type ControlPlaneOptions } from './cluster/control-plane.js'
export * from './extending.js'
