export type { ClientUpgrade } from './client-upgrade.js'
export { handleLogUpgrade } from './log-upgrade.js'
export { handleExecUpgrade, handlePortForwardUpgrade, portForwardPorts } from './upgrade-handlers.js'
export { handleProxyUpgrade, type UpgradeBackend } from './upgrade-proxy.js'
