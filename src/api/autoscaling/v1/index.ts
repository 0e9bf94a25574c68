export * from './horizontal-pod-autoscaler.js'
export * from './scale.js'
