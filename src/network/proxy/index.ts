export { removeRules } from './apply.js'
export { defaultTableName, type Proxy, type ProxyOptions, startProxy } from './proxy.js'
