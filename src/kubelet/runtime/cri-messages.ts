/**
 * The Container Runtime Interface v1 (protobuf package `runtime.v1`), as far as it concerns Linux. A number called
 * state, mode or policy is a value of the constant of that name.
 */
export * from './cri/container-status.js'
export * from './cri/containers.js'
export * from './cri/image-spec.js'
export * from './cri/images.js'
export * from './cri/resources.js'
export * from './cri/runtime-status.js'
export * from './cri/sandboxes.js'
export * from './cri/security.js'
export * from './cri/stats.js'
export * from './cri/stats-values.js'
