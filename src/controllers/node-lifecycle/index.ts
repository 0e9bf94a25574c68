export { type NodeLifecycleOptions, nodeLifecycle } from './node-lifecycle.js'
export { podsByNode } from './pods-by-node.js'
export { taintEviction } from './taint-eviction.js'
