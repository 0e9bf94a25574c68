export * from './horizontal-pod-autoscaler.js'
export * from './metric.js'
export * from './scale.js'
