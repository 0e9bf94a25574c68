import type { ApiRequest, UserInfo } from '../machinery/http.js'
import { StatusError } from '../machinery/status-error.js'
import type { AdmissionAttributes, AdmissionRequest } from '../server/admission/admission.js'
import type { RequestHead } from '../server/authentication/authenticator.js'
import type { AccessRequest } from '../server/authorization/access-request.js'
import type { HookedAnswer, HookedRequest } from '../server/request-hooks.js'
import type { Config } from './config.js'

/** A call of a plugin's function, as data that may go to another thread. `index` is its place in the configuration. */
export type PluginCall =
  | {
      readonly list: 'admission'
      readonly index: number
      readonly point: 'mutate' | 'validate'
      readonly write: WriteData
    }
  | {
      readonly list: 'authenticators'
      readonly index: number
      readonly point: 'review'
      readonly token: string
      readonly audiences: readonly string[]
    }
  | { readonly list: 'authenticators'; readonly index: number; readonly point: 'authenticate'; readonly head: HeadData }
  | {
      readonly list: 'authorizers'
      readonly index: number
      readonly point: 'authorize'
      readonly user: UserInfo
      readonly access: AccessRequest
    }
  | { readonly list: 'hooks'; readonly index: number; readonly point: 'before'; readonly request: HookedData }
  | {
      readonly list: 'hooks'
      readonly index: number
      readonly point: 'after'
      readonly request: HookedData
      readonly answer: HookedAnswer
    }

export type WriteData = Omit<AdmissionAttributes, 'warn' | 'annotate'>
export type HeadData = Omit<RequestHead, 'query'> & { readonly query: string }
export type HookedData = Omit<HookedRequest, 'query'> & { readonly query: string }

/** What an admission function has done. */
export interface AdmissionOutcome {
  readonly object: unknown
  readonly warnings: readonly string[]
  readonly annotations: readonly (readonly [key: string, value: string])[]
  /** What it has answered in place of changing the object, or of refusing it. */
  readonly answered?: unknown
}

/** The data of a write, with `object` in place of the request's own. */
export const writeData = (
  request: AdmissionRequest,
  parts: Pick<WriteData, 'resource' | 'object' | 'old'>,
): WriteData => {
  const { operation, subresource, namespace, name, user, dryRun } = request
  const { gvk, plural, namespaced } = parts.resource.kind
  return {
    operation,
    subresource,
    namespace,
    name,
    user,
    dryRun,
    ...parts,
    resource: { kind: { gvk, plural, namespaced } },
  }
}

export function headData({ method, path, query, headers, remoteAddress, clientCertificate }: ApiRequest): HeadData {
  const sent = { method, path, query: query.toString(), headers: { ...headers }, remoteAddress }
  return clientCertificate ? { ...sent, clientCertificate } : sent
}

export const hookedData = (request: HookedRequest): HookedData => ({
  ...request,
  headers: { ...request.headers },
  query: request.query.toString(),
})

/** Makes a call, where the functions are. Answers what the function does; for admission, what it has done. */
export async function makeCall(config: Config, call: PluginCall): Promise<unknown> {
  switch (call.list) {
    case 'admission': {
      const warnings: string[] = []
      const annotations: [string, string][] = []
      const request: AdmissionAttributes = {
        ...call.write,
        warn: text => void warnings.push(String(text)),
        annotate: (key, value) => void annotations.push([String(key), String(value)]),
      }
      const answered: unknown = await config.admission?.[call.index]?.[call.point]?.(request)
      const { object } = request
      const outcome: AdmissionOutcome = { object, warnings, annotations }
      return isMistaken(call.point, answered, object) ? { ...outcome, answered } : outcome
    }
    case 'authenticators': {
      const plugin = config.authenticators?.[call.index]
      if (call.point === 'review') return plugin?.review?.(call.token, call.audiences)
      return plugin?.authenticate?.({ ...call.head, query: new URLSearchParams(call.head.query) })
    }
    case 'authorizers':
      return config.authorizers?.[call.index]?.authorize(call.user, call.access)
    case 'hooks': {
      const plugin = config.hooks?.[call.index]
      const request = { ...call.request, query: new URLSearchParams(call.request.query) }
      if (call.point === 'before') return plugin?.before?.(request)
      return plugin?.after?.(request, call.answer)
    }
  }
}

/** `validate: () => false` does not refuse, and `mutate: () => ({ ... })` does not change anything. */
const isMistaken = (point: 'mutate' | 'validate', answered: unknown, object: unknown): boolean =>
  point === 'validate'
    ? answered !== undefined
    : typeof answered === 'object' && answered !== null && answered !== object && 'metadata' in answered

/** An error that may go to another thread. */
export type ErrorData =
  | { readonly type: 'status'; readonly body: StatusError['body'] }
  | { readonly type: 'fault'; readonly name: string; readonly message: string; readonly stack: string }

export function errorData(error: unknown): ErrorData {
  if (error instanceof StatusError) return { type: 'status', body: structuredClone(error.body) }
  if (error instanceof Error)
    return { type: 'fault', name: error.name, message: error.message, stack: error.stack ?? '' }
  return { type: 'fault', name: 'Error', message: `it threw ${String(error)}`, stack: '' }
}

export function errorOf(data: ErrorData): Error {
  if (data.type === 'status') return StatusError.from(data.body, data.body.code)
  return Object.assign(new Error(data.message), { name: data.name, stack: data.stack })
}
