export { type PodGcOptions, podGc } from './pod-gc.js'
