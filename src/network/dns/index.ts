export { type Dns, type DnsOptions, type DnsStats, startDns } from './dns.js'
export { queryDns } from './query.js'
