export * from './eviction.js'
export * from './pod-disruption-budget.js'
