import type { Clock } from '../../machinery/clock.js'
import { type AuditLogOptions, auditLog } from './audit-log.js'
import { type AuditSink, allOf, type Batching, batching, type Truncation, truncating } from './audit-sink.js'
import type { AuditSetup } from './audit-stage.js'
import { type AuditEndpoint, auditWebhook } from './audit-webhook.js'
import { readAuditPolicy } from './policy.js'

/** How events get to where they are kept: at once, at once or not at all, or many at a time. */
export type AuditMode = 'blocking' | 'blocking-strict' | 'batch'

interface Delivery {
  readonly mode: AuditMode
  readonly batching: Batching
  readonly truncation?: Truncation | undefined
}

export interface AuditOptions {
  /** The policy, as YAML. */
  readonly policy: string
  readonly log?: (Omit<AuditLogOptions, 'clock'> & Delivery) | undefined
  readonly webhook?: ({ readonly endpoint: AuditEndpoint; readonly initialBackoffMs: number } & Delivery) | undefined
}

/**
 * Makes ready what writes audit events down. Throws an `Error` if the policy or the log file is wrong. `onError` hears
 * of events that are lost. To be disposed of once nothing is audited any more: what waits is written first.
 */
export async function setUpAudit(
  { policy, log, webhook }: AuditOptions,
  clock: Clock,
  onError: (error: unknown) => void,
): Promise<AuditSetup> {
  const compiled = readAuditPolicy(policy)
  const delivered = (sink: AuditSink, { mode, batching: batches, truncation }: Delivery): AuditSink => {
    const fitting = truncation ? truncating(sink, truncation) : sink
    return mode === 'batch' ? batching(fitting, batches, clock, onError) : fitting
  }
  const sinks: AuditSink[] = []
  if (log) sinks.push(delivered(await auditLog({ ...log, clock }), log))
  if (webhook) sinks.push(delivered(auditWebhook({ ...webhook, clock }), webhook))
  const sink = allOf(sinks)
  return {
    policy: compiled,
    sink,
    strict: log?.mode === 'blocking-strict' || webhook?.mode === 'blocking-strict',
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}
