/** The node agent: runs the pods that are bound to a node, and tells the API server how they and the node are. */
export { type Kubelet, startKubelet } from './kubelet.js'
export type { EvictionThresholds, KubeletOptions, ServerOptions } from './options.js'
export { removeNodeRemains } from './removal.js'
export * from './runtime/index.js'
export { type SimulatedNodes, type SimulatedNodesOptions, startSimulatedNodes } from './simulated-nodes.js'
