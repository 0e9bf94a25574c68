export { type NodeLifecycleOptions, nodeLifecycle } from './node-lifecycle.js'
export { taintEviction } from './taint-eviction.js'
