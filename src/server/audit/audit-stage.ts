import { randomUUID } from 'node:crypto'
import type { Clock } from '../../machinery/clock.js'
import type { ApiResponse } from '../../machinery/http.js'
import type { Cell } from '../../machinery/metrics/index.js'
import { internalError, StatusError } from '../../machinery/status-error.js'
import { isLongRunning } from '../in-flight.js'
import type { RequestContext, Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { AuditBodies, withoutManagedFields } from './audit-bodies.js'
import { type AuditRecord, auditEvent, writtenName } from './audit-event.js'
import type { AuditSink } from './audit-sink.js'
import type { AuditDecision, AuditPolicy, AuditStage } from './policy.js'

/** What is written down of requests, and where. */
export interface AuditSetup extends AsyncDisposable {
  readonly policy: AuditPolicy
  readonly sink: AuditSink
  /** A request whose arrival cannot be written down is refused. */
  readonly strict: boolean
}

export interface AuditParts {
  readonly setup: AuditSetup
  readonly registries: Registries
  readonly clock: Clock
  readonly metrics: { readonly auditEvents: Cell; readonly auditRejected: Cell }
  readonly onError: (error: unknown) => void
}

/** Writes down who asks for what, and what becomes of it; behind authentication. */
export function auditStage(parts: AuditParts): Stage {
  const { setup, registries, clock, metrics, onError } = parts
  const bodies = new AuditBodies(registries)

  const write = async (record: AuditRecord, { omitStages }: AuditDecision, stage: AuditStage): Promise<void> => {
    if (omitStages.has(stage)) return
    metrics.auditEvents.add(1)
    await setup.sink.write([auditEvent(record, stage, clock.now())])
  }
  const note = (record: AuditRecord, decision: AuditDecision, stage: AuditStage): Promise<void> =>
    write(record, decision, stage).catch(onError)

  const received = async (record: AuditRecord, decision: AuditDecision): Promise<void> => {
    try {
      await write(record, decision, 'RequestReceived')
    } catch (error) {
      onError(error)
      if (!setup.strict) return
      metrics.auditRejected.add(1)
      throw internalError('the request cannot be written to the audit log')
    }
  }

  const answered = (record: AuditRecord, { level, omitManagedFields }: AuditDecision, answer: ApiResponse): void => {
    const object = answer.status >= 400 || level === 'RequestResponse' ? bodies.answered(answer) : undefined
    record.responseStatus = { metadata: {}, ...statusIn(object), code: answer.status }
    if (level === 'RequestResponse' && object !== undefined)
      record.responseObject = omitManagedFields ? withoutManagedFields(object) : object
  }

  const failed = (record: AuditRecord, level: string, error: unknown): AuditStage => {
    if (!(error instanceof StatusError)) {
      record.responseStatus = { metadata: {}, ...withStatus({ reason: 'InternalError' }), code: 500 }
      return 'Panic'
    }
    const { kind: _kind, apiVersion: _apiVersion, ...status } = error.body
    record.responseStatus = status
    if (level === 'RequestResponse') record.responseObject = error.body
    return 'ResponseComplete'
  }

  const audited = async (
    context: RequestContext,
    decision: AuditDecision,
    next: () => Promise<ApiResponse>,
  ): Promise<ApiResponse> => {
    const { request, info, user } = context
    const { level, omitManagedFields } = decision
    const record: AuditRecord = {
      auditID: context.auditId || randomUUID(),
      level,
      request,
      info,
      user,
      received: clock.now(),
      annotations: new Map(),
    }
    context.annotate = (key, value) => void record.annotations.set(key, value)
    const writes = (info.verb === 'create' || info.verb === 'update') && info.resource?.subresource === ''
    if (level !== 'Metadata' || writes)
      bodies.tap(request, object => {
        if (writes) record.written = writtenName(object)
        if (level !== 'Metadata' && object !== undefined)
          record.requestObject = omitManagedFields ? withoutManagedFields(object) : object
      })
    await received(record, decision)
    let answer: ApiResponse
    try {
      answer = await next()
    } catch (error) {
      if (context.user !== user) record.impersonated = context.user
      await note(record, decision, failed(record, level, error))
      throw error
    }
    if (context.user !== user) record.impersonated = context.user
    answered(record, decision, answer)
    if (!isLongRunning(info) || request.user || request.signal.aborted || answer.status >= 400) {
      await note(record, decision, 'ResponseComplete')
      return answer
    }
    await note(record, decision, 'ResponseStarted')
    const complete = () => void note(record, decision, 'ResponseComplete')
    if (request.signal.aborted) complete()
    else request.signal.addEventListener('abort', complete, { once: true })
    return answer
  }

  return (context, next) => {
    const decision = setup.policy(context.user, context.info)
    return decision.level === 'None' ? next() : audited(context, decision, next)
  }
}

/** Writes down who fails to prove who he is; around authentication. */
export function failedAuthenticationStage({ setup, clock, metrics, onError }: AuditParts): Stage {
  const nobody = { name: '', groups: [] }
  return async (context, next) => {
    try {
      return await next()
    } catch (error) {
      // Nobody behind authentication answers with a 401.
      if (error instanceof StatusError && error.code === 401) {
        const { request, info } = context
        const decision = setup.policy(nobody, info)
        if (decision.level !== 'None' && !decision.omitStages.has('ResponseStarted')) {
          const now = clock.now()
          const message = `Authentication failed, attempted: ${methodsIn(request.headers)}`
          const record: AuditRecord = {
            auditID: context.auditId || randomUUID(),
            level: decision.level,
            request,
            info,
            user: undefined,
            received: now,
            annotations: new Map(),
            responseStatus: { metadata: {}, ...withStatus({ message, reason: 'Unauthorized' }), code: 401 },
          }
          metrics.auditEvents.add(1)
          await setup.sink.write([auditEvent(record, 'ResponseStarted', now)]).catch(onError)
        }
      }
      throw error
    }
  }
}

const withStatus = <S extends object>(status: S) => ({ status: 'Failure', ...status })

/** How somebody tried to prove who he is. */
function methodsIn({ authorization }: { readonly [name: string]: string | undefined }): string {
  const scheme = authorization?.split(' ', 1)[0]?.toLowerCase()
  return scheme === 'bearer' || scheme === 'basic' ? scheme : 'x509'
}

/** What a Status says; nothing of other objects. */
function statusIn(object: unknown): object {
  if (typeof object !== 'object' || object === null || (object as { kind?: unknown }).kind !== 'Status') return {}
  const { kind: _kind, apiVersion: _apiVersion, ...status } = object as { kind: unknown; apiVersion?: unknown }
  return status
}
