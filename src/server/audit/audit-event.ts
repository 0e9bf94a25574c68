import { isIP } from 'node:net'
import { rfc3339Micro } from '../../machinery/clock.js'
import type { ApiRequest, UserInfo } from '../../machinery/http.js'
import type { RequestInfo } from '../request-info.js'
import type { AuditLevel, AuditStage } from './policy.js'

interface AuditUser {
  readonly username?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: { readonly [key: string]: readonly string[] }
}

interface ObjectReference {
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly apiGroup?: string
  readonly apiVersion?: string
  readonly resourceVersion?: string
  readonly subresource?: string
}

/** One line of the audit log: `audit.k8s.io/v1`, Event. */
export interface AuditEvent {
  readonly kind: 'Event'
  readonly apiVersion: 'audit.k8s.io/v1'
  readonly level: AuditLevel
  readonly auditID: string
  readonly stage: AuditStage
  readonly requestURI: string
  readonly verb: string
  readonly user: AuditUser
  readonly impersonatedUser?: AuditUser
  readonly sourceIPs?: readonly string[]
  readonly userAgent?: string
  readonly objectRef?: ObjectReference
  readonly responseStatus?: { readonly metadata: object; readonly code: number; readonly message?: string }
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: { readonly [key: string]: string }
}

interface WrittenName {
  readonly name?: string
  readonly uid?: string
  readonly resourceVersion?: string
}

/** What is known of a request, to be written down stage by stage. */
export interface AuditRecord {
  readonly auditID: string
  readonly level: AuditLevel
  readonly request: ApiRequest
  readonly info: RequestInfo
  /** Who asks, before any impersonation; nobody before authentication. */
  readonly user: UserInfo | undefined
  /** Milliseconds since the epoch. */
  readonly received: number
  readonly annotations: Map<string, string>
  impersonated?: UserInfo
  /** What is sent to be written calls itself. */
  written?: WrittenName
  requestObject?: unknown
  responseObject?: unknown
  responseStatus?: { readonly metadata: object; readonly code: number; readonly message?: string }
}

const longestUserAgent = 1024
const cut = '...TRUNCATED'

export function auditEvent(record: AuditRecord, stage: AuditStage, now: number): AuditEvent {
  const { request, info, level, annotations, impersonated, requestObject, responseObject, responseStatus } = record
  const agent = request.headers['user-agent'] ?? ''
  const userAgent = agent.length > longestUserAgent ? agent.slice(0, longestUserAgent) + cut : agent
  const ips = sourceIps(request)
  const objectRef = referenceOf(record)
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: record.auditID,
    stage,
    requestURI: uriOf(request),
    verb: info.verb,
    user: shownUser(record.user),
    ...(impersonated ? { impersonatedUser: shownUser(impersonated) } : {}),
    ...(ips.length > 0 ? { sourceIPs: ips } : {}),
    ...(userAgent ? { userAgent } : {}),
    ...(objectRef ? { objectRef } : {}),
    ...(responseStatus ? { responseStatus } : {}),
    ...(requestObject === undefined ? {} : { requestObject }),
    ...(responseObject === undefined ? {} : { responseObject }),
    requestReceivedTimestamp: rfc3339Micro(record.received),
    stageTimestamp: rfc3339Micro(now),
    ...(annotations.size > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
  }
}

function shownUser(user: UserInfo | undefined): AuditUser {
  if (!user) return {}
  const { name, uid, groups, extra } = user
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

const uriOf = ({ target, path, query }: ApiRequest): string => target ?? (query.size > 0 ? `${path}?${query}` : path)

/** Where a request comes from, as far as proxies on its way have told, and where it arrives from. */
function sourceIps({ headers, remoteAddress }: ApiRequest): string[] {
  const forwarded = (headers['x-forwarded-for'] ?? '').split(',').map(address => address.trim())
  const real = (headers['x-real-ip'] ?? '').trim()
  const ips = [...forwarded, real, remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')].filter(
    address => isIP(address) !== 0,
  )
  return ips.filter((ip, i) => i === 0 || ip !== ips[i - 1])
}

function referenceOf({ info: { resource }, written = {} }: AuditRecord): ObjectReference | undefined {
  if (!resource) return undefined
  const { plural, namespace, group, version, subresource } = resource
  const name = resource.name || written.name
  return {
    resource: plural,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(written.uid ? { uid: written.uid } : {}),
    ...(group ? { apiGroup: group } : {}),
    apiVersion: version,
    ...(written.resourceVersion ? { resourceVersion: written.resourceVersion } : {}),
    ...(subresource ? { subresource } : {}),
  }
}

/** The metadata of an object. */
export function writtenName(object: unknown): WrittenName {
  const { metadata } = (object ?? {}) as { readonly metadata?: unknown }
  return typeof metadata === 'object' && metadata !== null ? metadata : {}
}

const quoted = (text: string): string => JSON.stringify(text)
const listed = (texts: readonly string[]): string => texts.map(quoted).join(',')

/** An event on one line, in the format that came before JSON. */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus } = event
  const fields: [string, string][] = [
    ['id', event.auditID],
    ['stage', event.stage],
    ['ip', event.sourceIPs?.[0] ?? '<unknown>'],
    ['method', event.verb],
    ['user', user.username || '<none>'],
    ['groups', user.username && user.groups?.length ? listed(user.groups) : '<none>'],
    ['as', impersonatedUser ? (impersonatedUser.username ?? '') : '<self>'],
    ['asgroups', impersonatedUser?.groups?.length ? listed(impersonatedUser.groups) : '<lookup>'],
    ['user-agent', event.userAgent ?? ''],
    ['namespace', objectRef?.namespace || '<none>'],
    ['uri', event.requestURI],
    ['response', responseStatus ? String(responseStatus.code) : '<deferred>'],
  ]
  return `${event.requestReceivedTimestamp} AUDIT: ${fields.map(([name, value]) => `${name}=${quoted(value)}`).join(' ')}`
}
