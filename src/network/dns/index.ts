export { startDns } from './dns.js'
export { queryDns } from './query.js'
