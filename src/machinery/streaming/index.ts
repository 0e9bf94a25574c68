export { type ClientUpgrade, headerList, refuse, type UpgradeHeaders, upgradeKind } from './client-upgrade.js'
export { handleLogUpgrade, type LogUpgrade } from './log-upgrade.js'
export type { CommandStatus, RemoteCommand } from './remote-command.js'
export { acceptRemoteCommand, type RemoteCommandSession } from './remote-command-server.js'
export { SpdyConnection, type SpdyConnectionOptions } from './spdy-connection.js'
export { SpdyError } from './spdy-error.js'
export type { SpdyHeaders } from './spdy-headers.js'
export { SpdyStream, type StreamEnding } from './spdy-stream.js'
export { acceptSpdy, dialSpdy, portForwardProtocol, remoteCommandProtocol } from './spdy-upgrade.js'
export {
  type DialUpgrade,
  dialUpgrade,
  type UpgradeDialer,
  type UpgradedConnection,
  UpgradeRefusedError,
  type UpgradeResponse,
} from './upgrade-dial.js'
export {
  type ExecUpgrade,
  handleExecUpgrade,
  handlePortForwardUpgrade,
  type PortForwardUpgrade,
  portForwardPorts,
} from './upgrade-handlers.js'
export {
  defaultIdleTimeout,
  handleProxyUpgrade,
  pipeSockets,
  type SessionOptions,
  type UpgradeBackend,
} from './upgrade-proxy.js'
