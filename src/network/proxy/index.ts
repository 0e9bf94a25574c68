export { removeRules } from './apply.js'
export { startProxy } from './proxy.js'
