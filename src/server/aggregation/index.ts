export { aggregationStage } from './proxy-stage.js'
export type { FrontProxyCredential } from './remote-server.js'
export { RemoteServers } from './remote-servers.js'
