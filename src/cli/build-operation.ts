import { loadKubeconfig } from '../cluster/connection.js'
import { OperatorError } from '../cluster/operator-error.js'
import { systemClock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import type { ServerOperation } from '../server/api-server.js'
import { type AuditEndpoint, type AuditMode, type AuditOptions, setUpAudit } from '../server/audit/index.js'
import { readEncryptionConfiguration } from '../server/encryption/configuration.js'
import type { EncryptionOptions } from '../server/encryption/encryption.js'
import { countOf, durationMs, fileText, isTrue, numberOf, shownFlags } from './flag-values.js'
import type { OperationFlags } from './operation-flags.js'

const mostGoaway = 0.02

/**
 * What the flags say about how the server works. Throws an `OperatorError` for values that are none, and for an audit
 * policy that is wrong. `onError` hears of audit events that are lost.
 */
export async function buildOperation(
  flags: OperationFlags,
  onError: (error: unknown) => void,
): Promise<ServerOperation> {
  const reads = countOf('--max-requests-inflight', flags.maxRequestsInflight)
  const writes = countOf('--max-mutating-requests-inflight', flags.maxMutatingRequestsInflight)
  const priorityAndFairness = isTrue('--enable-priority-and-fairness', flags.enablePriorityAndFairness)
  if (priorityAndFairness && reads + writes === 0)
    throw new OperatorError(
      'priority and fairness has nothing to divide',
      'Give --max-requests-inflight or --max-mutating-requests-inflight, or --enable-priority-and-fairness=false.',
    )
  const goawayChance = numberOf('--goaway-chance', flags.goawayChance)
  if (goawayChance > mostGoaway)
    throw new OperatorError(`--goaway-chance is ${flags.goawayChance}`, `Give a number from 0 to ${mostGoaway}.`)
  const requestTimeoutMs = durationMs('--request-timeout', flags.requestTimeout)
  if (requestTimeoutMs <= 0)
    throw new OperatorError(`--request-timeout is ${flags.requestTimeout}`, 'Give a time, such as 1m0s.')
  const encryption = await encryptionOptions(flags)
  const audit = await auditOptions(flags)
  return {
    inFlight: { reads, writes },
    priorityAndFairness,
    requestTimeoutMs,
    minimumWatchSeconds: countOf('--min-request-timeout', flags.minRequestTimeout),
    shutdownDelayMs: durationMs('--shutdown-delay-duration', flags.shutdownDelayDuration),
    goawayChance,
    http2Streams: countOf('--http2-max-streams-per-connection', flags.http2MaxStreamsPerConnection),
    flags: shownFlags(flags),
    ...(encryption ? { encryption } : {}),
    ...(audit ? { audit: await made(audit, flags, onError) } : {}),
  }
}

/** Reads the file once before the server does, so that what is wrong with it is said at once. */
async function encryptionOptions(flags: OperationFlags): Promise<EncryptionOptions | undefined> {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload } = flags
  const flag = '--encryption-provider-config-automatic-reload'
  const reload = isTrue(flag, encryptionProviderConfigAutomaticReload)
  if (file === undefined) {
    if (reload) throw new OperatorError(`${flag} has nothing to reload`, 'Give --encryption-provider-config, too.')
    return undefined
  }
  const text = await fileText(file)
  try {
    readEncryptionConfiguration(text, reload)
  } catch (error) {
    throw new OperatorError(
      `the encryption configuration ${file} is wrong: ${messageOf(error)}`,
      'It is described at https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/.',
      { cause: error },
    )
  }
  return { file, reload }
}

async function made(audit: AuditOptions, { auditPolicyFile }: OperationFlags, onError: (error: unknown) => void) {
  try {
    return await setUpAudit(audit, systemClock, onError)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    throw code
      ? new OperatorError(`the audit log cannot be written: ${message}`, 'Check --audit-log-path.', { cause: error })
      : new OperatorError(
          `the audit policy ${auditPolicyFile} is wrong: ${message}`,
          'It is described at https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy.',
          { cause: error },
        )
  }
}

async function auditOptions(flags: OperationFlags): Promise<AuditOptions | undefined> {
  const { auditPolicyFile, auditLogPath, auditWebhookConfigFile, auditLogFormat: format } = flags
  if (!auditLogPath && !auditWebhookConfigFile) return undefined
  if (!auditPolicyFile)
    throw new OperatorError(
      'audit events have somewhere to go, but there is no policy that says which',
      'Give --audit-policy-file.',
    )
  if (format !== 'json' && format !== 'legacy')
    throw new OperatorError(`--audit-log-format is ${JSON.stringify(format)}`, 'It is json or legacy.')
  return {
    policy: await fileText(auditPolicyFile),
    ...(auditLogPath
      ? {
          log: {
            path: auditLogPath,
            format,
            maxAge: countOf('--audit-log-maxage', flags.auditLogMaxage),
            maxBackups: countOf('--audit-log-maxbackup', flags.auditLogMaxbackup),
            maxSize: countOf('--audit-log-maxsize', flags.auditLogMaxsize),
            ...delivery(flags, 'Log'),
          },
        }
      : {}),
    ...(auditWebhookConfigFile
      ? {
          webhook: {
            endpoint: await endpointOf(auditWebhookConfigFile),
            initialBackoffMs: durationMs('--audit-webhook-initial-backoff', flags.auditWebhookInitialBackoff),
            ...delivery(flags, 'Webhook'),
          },
        }
      : {}),
  }
}

/** How events get to the log or the webhook. */
function delivery(flags: OperationFlags, sink: 'Log' | 'Webhook') {
  const name = (rest: string) => `--audit-${sink.toLowerCase()}-${rest}`
  const mode = flags[`audit${sink}Mode`]
  if (mode !== 'batch' && mode !== 'blocking' && mode !== 'blocking-strict')
    throw new OperatorError(`${name('mode')} is ${JSON.stringify(mode)}`, 'It is batch, blocking or blocking-strict.')
  const throttled = isTrue(name('batch-throttle-enable'), flags[`audit${sink}BatchThrottleEnable`])
  const qps = numberOf(name('batch-throttle-qps'), flags[`audit${sink}BatchThrottleQps`])
  const burst = countOf(name('batch-throttle-burst'), flags[`audit${sink}BatchThrottleBurst`])
  if (throttled && (qps <= 0 || burst < 1))
    throw new OperatorError(
      `${name('batch-throttle-enable')} lets nothing through`,
      `Give ${name('batch-throttle-qps')} and ${name('batch-throttle-burst')}, too.`,
    )
  const bufferSize = countOf(name('batch-buffer-size'), flags[`audit${sink}BatchBufferSize`])
  const maxBatchSize = countOf(name('batch-max-size'), flags[`audit${sink}BatchMaxSize`])
  if (bufferSize < 1 || maxBatchSize < 1)
    throw new OperatorError(
      `${name('batch-buffer-size')} is ${bufferSize}, ${name('batch-max-size')} is ${maxBatchSize}`,
      'Both are at least 1.',
    )
  return {
    mode: mode as AuditMode,
    batching: {
      bufferSize,
      maxBatchSize,
      maxWaitMs: durationMs(name('batch-max-wait'), flags[`audit${sink}BatchMaxWait`]),
      oneAtATime: sink === 'Log',
      ...(throttled ? { throttle: { qps, burst } } : {}),
    },
    ...(isTrue(name('truncate-enabled'), flags[`audit${sink}TruncateEnabled`])
      ? {
          truncation: {
            maxEventSize: countOf(name('truncate-max-event-size'), flags[`audit${sink}TruncateMaxEventSize`]),
            maxBatchSize: countOf(name('truncate-max-batch-size'), flags[`audit${sink}TruncateMaxBatchSize`]),
          },
        }
      : {}),
  }
}

/** Whom a kubeconfig names; its token file is read for every batch. */
async function endpointOf(kubeconfig: string): Promise<AuditEndpoint> {
  const { server, tokenFile, token, ca, clientCert, clientKey, username, password, tlsServerName, ...rest } =
    await loadKubeconfig(kubeconfig)
  const { insecureSkipTlsVerify } = rest
  const said = tokenFile ? async () => (await fileText(tokenFile)).trim() : token ? () => token : undefined
  return {
    url: server,
    ca,
    clientCert,
    clientKey,
    username,
    password,
    tlsServerName,
    insecureSkipTlsVerify,
    ...(said ? { token: said } : {}),
  }
}
