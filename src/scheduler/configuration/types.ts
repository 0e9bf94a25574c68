import {
  boolean,
  bytes,
  duration,
  embedded,
  type Infer,
  inPackage,
  int32,
  int64,
  json,
  list,
  optional,
  pointer,
  string,
} from '../../schema/index.js'

/** The group and version of scheduler configurations. */
export const configurationGroup = { group: 'kubescheduler.config.k8s.io', version: 'v1' }

const { message } = inPackage('k8s.io.kube_scheduler.config.v1', configurationGroup)

const Plugin = message('Plugin', { name: optional(string), weight: pointer(int32) })
const PluginSet = message('PluginSet', { enabled: optional(list(Plugin)), disabled: optional(list(Plugin)) })

/** Upstream's extension points. */
const extensionPoints = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'multiPoint',
] as const
export type ExtensionPoint = (typeof extensionPoints)[number]

const Plugins = message('Plugins', {
  preEnqueue: pointer(PluginSet),
  queueSort: pointer(PluginSet),
  preFilter: pointer(PluginSet),
  filter: pointer(PluginSet),
  postFilter: pointer(PluginSet),
  preScore: pointer(PluginSet),
  score: pointer(PluginSet),
  reserve: pointer(PluginSet),
  permit: pointer(PluginSet),
  preBind: pointer(PluginSet),
  bind: pointer(PluginSet),
  postBind: pointer(PluginSet),
  multiPoint: pointer(PluginSet),
})

const PluginConfig = message('PluginConfig', { name: optional(string), args: optional(json) })

const Profile = message('KubeSchedulerProfile', {
  schedulerName: optional(string),
  percentageOfNodesToScore: pointer(int32),
  plugins: pointer(Plugins),
  pluginConfig: optional(list(PluginConfig)),
})

const ExtenderTls = message('ExtenderTLSConfig', {
  insecure: optional(boolean),
  serverName: optional(string),
  certFile: optional(string),
  keyFile: optional(string),
  caFile: optional(string),
  certData: optional(bytes),
  keyData: optional(bytes),
  caData: optional(bytes),
})

const ManagedResource = message('ExtenderManagedResource', {
  name: optional(string),
  ignoredByScheduler: optional(boolean),
})

const Extender = message('Extender', {
  urlPrefix: optional(string),
  filterVerb: optional(string),
  preemptVerb: optional(string),
  prioritizeVerb: optional(string),
  weight: optional(int64),
  bindVerb: optional(string),
  enableHTTPS: optional(boolean),
  tlsConfig: pointer(ExtenderTls),
  httpTimeout: optional(duration),
  nodeCacheCapable: optional(boolean),
  managedResources: optional(list(ManagedResource)),
  ignorable: optional(boolean),
})

const LeaderElection = message('LeaderElectionConfiguration', {
  leaderElect: pointer(boolean),
  leaseDuration: optional(duration),
  renewDeadline: optional(duration),
  retryPeriod: optional(duration),
  resourceLock: optional(string),
  resourceName: optional(string),
  resourceNamespace: optional(string),
})

const ClientConnection = message('ClientConnectionConfiguration', {
  kubeconfig: optional(string),
  acceptContentTypes: optional(string),
  contentType: optional(string),
  qps: optional(json),
  burst: optional(int32),
})

/** https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/ */
export const KubeSchedulerConfiguration = message('KubeSchedulerConfiguration', {
  kind: optional(string),
  apiVersion: optional(string),
  parallelism: pointer(int32),
  leaderElection: embedded(LeaderElection),
  clientConnection: embedded(ClientConnection),
  enableProfiling: pointer(boolean),
  enableContentionProfiling: pointer(boolean),
  percentageOfNodesToScore: pointer(int32),
  podInitialBackoffSeconds: pointer(int64),
  podMaxBackoffSeconds: pointer(int64),
  profiles: optional(list(Profile)),
  extenders: optional(list(Extender)),
  delayCacheUntilActive: optional(boolean),
})

export interface PluginSet extends Infer<typeof PluginSet> {}
export interface KubeSchedulerProfile extends Infer<typeof Profile> {}
export interface ExtenderConfiguration extends Infer<typeof Extender> {}
export interface ExtenderTlsConfiguration extends Infer<typeof ExtenderTls> {}
export interface KubeSchedulerConfiguration extends Infer<typeof KubeSchedulerConfiguration> {}
