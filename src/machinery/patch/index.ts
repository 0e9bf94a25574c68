export * from './json-patch.js'
export * from './merge-patch.js'
export { applyStrategicMerge } from './strategic-merge.js'
