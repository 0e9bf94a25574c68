import { type Command, Option } from 'commander'

/** The flags that say how the API server works, rather than what it serves, as the command line has them. */
export interface OperationFlags {
  readonly maxRequestsInflight: string
  readonly maxMutatingRequestsInflight: string
  readonly enablePriorityAndFairness: string
  readonly requestTimeout: string
  readonly minRequestTimeout: string
  readonly shutdownDelayDuration: string
  readonly goawayChance: string
  readonly http2MaxStreamsPerConnection: string
  readonly encryptionProviderConfig?: string
  readonly encryptionProviderConfigAutomaticReload: string
  readonly auditPolicyFile?: string
  readonly auditLogPath?: string
  readonly auditLogFormat: string
  readonly auditLogMode: string
  readonly auditLogMaxage: string
  readonly auditLogMaxbackup: string
  readonly auditLogMaxsize: string
  readonly auditLogBatchBufferSize: string
  readonly auditLogBatchMaxSize: string
  readonly auditLogBatchMaxWait: string
  readonly auditLogBatchThrottleEnable: string
  readonly auditLogBatchThrottleQps: string
  readonly auditLogBatchThrottleBurst: string
  readonly auditLogTruncateEnabled: string
  readonly auditLogTruncateMaxBatchSize: string
  readonly auditLogTruncateMaxEventSize: string
  readonly auditWebhookConfigFile?: string
  readonly auditWebhookMode: string
  readonly auditWebhookInitialBackoff: string
  readonly auditWebhookBatchBufferSize: string
  readonly auditWebhookBatchMaxSize: string
  readonly auditWebhookBatchMaxWait: string
  readonly auditWebhookBatchThrottleEnable: string
  readonly auditWebhookBatchThrottleQps: string
  readonly auditWebhookBatchThrottleBurst: string
  readonly auditWebhookTruncateEnabled: string
  readonly auditWebhookTruncateMaxBatchSize: string
  readonly auditWebhookTruncateMaxEventSize: string
}

const modes = 'batch, blocking or blocking-strict'

/** Adds them to a command, with upstream's names and defaults. */
export function addOperationFlags(command: Command): Command {
  command
    .option('--max-requests-inflight <count>', 'reading requests worked on at a time', '400')
    .option('--max-mutating-requests-inflight <count>', 'other requests worked on at a time', '200')
    .option('--enable-priority-and-fairness <boolean>', 'divide these by flow schemas and priority levels', 'true')
    .option('--request-timeout <duration>', 'how long a request may take', '1m0s')
    .option('--min-request-timeout <seconds>', 'how long a watch lasts at least', '1800')
    .option('--shutdown-delay-duration <duration>', 'how long a server that stops goes on, but is not ready', '0s')
    .option('--goaway-chance <chance>', 'how likely a client is asked to connect anew: 0 to 0.02', '0')
    .option('--http2-max-streams-per-connection <count>', 'requests at a time on an HTTP/2 connection; 0: 100', '0')
    .option('--encryption-provider-config <file>', 'which objects are encrypted while they are stored, and how')
    .addOption(
      new Option('--encryption-provider-config-automatic-reload [boolean]', 'look for a new configuration every minute')
        .default('false')
        .preset('true'),
    )
    .option('--audit-policy-file <file>', 'which requests are written to the audit log')
    .option('--audit-log-path <file>', 'the audit log; - for standard output')
    .option('--audit-log-format <format>', 'json or legacy', 'json')
    .option('--audit-log-maxage <days>', 'how long older audit logs are kept; 0 for ever', '366')
    .option('--audit-log-maxbackup <count>', 'how many older audit logs are kept; 0 for all', '100')
    .option('--audit-log-maxsize <megabytes>', 'how large an audit log grows', '100')
  addSinkFlags(command, 'log', {
    mode: 'blocking',
    batchMaxSize: '1',
    maxWait: '0s',
    throttle: 'false',
    qps: '0',
    burst: '0',
  })
  command
    .option('--audit-webhook-config-file <file>', 'a kubeconfig that says to whom audit events are sent')
    .option('--audit-webhook-initial-backoff <duration>', 'how long after a failure it is tried again', '10s')
  addSinkFlags(command, 'webhook', {
    mode: 'batch',
    batchMaxSize: '400',
    maxWait: '30s',
    throttle: 'true',
    qps: '10',
    burst: '15',
  })
  return command
}

interface SinkDefaults {
  readonly mode: string
  readonly batchMaxSize: string
  readonly maxWait: string
  readonly throttle: string
  readonly qps: string
  readonly burst: string
}

function addSinkFlags(command: Command, sink: 'log' | 'webhook', defaults: SinkDefaults): void {
  const flag = (rest: string) => `--audit-${sink}-${rest}`
  command
    .option(flag('mode <mode>'), `how events get there: ${modes}`, defaults.mode)
    .option(flag('batch-buffer-size <count>'), 'events that may wait', '10000')
    .option(flag('batch-max-size <count>'), 'events sent together', defaults.batchMaxSize)
    .option(flag('batch-max-wait <duration>'), 'how long events wait for others', defaults.maxWait)
    .option(flag('batch-throttle-enable <boolean>'), 'limit the batches', defaults.throttle)
    .option(flag('batch-throttle-qps <number>'), 'batches a second', defaults.qps)
    .option(flag('batch-throttle-burst <count>'), 'batches that may come at once', defaults.burst)
    .option(flag('truncate-enabled <boolean>'), 'cut events and batches that are too large', 'false')
    .option(flag('truncate-max-batch-size <bytes>'), 'bytes sent together', '10485760')
    .option(flag('truncate-max-event-size <bytes>'), 'bytes of an event', '102400')
}
