import type { UserInfo } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { forbidden, type StatusError } from '../../machinery/status-error.js'
import type { Draft, Kind } from '../../schema/index.js'

/** A write that is about to happen. `object` is absent for deletions; mutating plugins change it in place. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: Resource
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly object: Draft<ApiObject> | undefined
  readonly old: ApiObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  warn(text: string): void
  /** Adds something to what the audit log says of the request, if it is written down. */
  readonly annotate?: ((key: string, value: string) => void) | undefined
  /** Set by a plugin that has had the object changed from outside: all plugins look at it once more. */
  again?: boolean
}

/**
 * Looks at every write before it happens. `mutate` runs first, for all plugins in order; then the resource's strategy
 * prepares the object, `allocate` runs, the server validates the object, and `validate` runs. Refuse by throwing a
 * `StatusError`.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
export interface AdmissionPlugin {
  readonly name: string
  mutate?(request: AdmissionRequest): Promise<void> | void
  /** Gives the object what no other may have, such as an address; taken back when `settled`, unless it was written. */
  allocate?(request: AdmissionRequest): Promise<void> | void
  validate?(request: AdmissionRequest): Promise<void> | void
  /** The write has happened and every cache shows it, or it has failed: what was set aside for it is free again. */
  settled?(request: AdmissionRequest, written: boolean): Promise<void> | void
}

/** What is written, if it is an object of the kind itself and not one of its subresources. */
export function draftOf<T extends ApiObject, I>(
  { resource, subresource, object }: AdmissionRequest,
  kind: Kind<T, I>,
): Draft<T> | undefined {
  return isOf(resource, kind) && !subresource ? (object as Draft<T> | undefined) : undefined
}

export const isOf = <T, I>({ kind: { gvk } }: Resource, kind: Kind<T, I>): boolean =>
  gvk.kind === kind.gvk.kind && gvk.group === kind.gvk.group

/** 403, as plugins refuse. */
export function refusal({ resource: { kind }, name, object }: AdmissionRequest, why: string): StatusError {
  const { metadata } = object ?? {}
  // A name that is yet to be generated is told as far as it goes.
  const called = name || metadata?.name || metadata?.generateName || ''
  return forbidden({ group: kind.gvk.group, plural: kind.plural }, called, why)
}

/** Runs all plugins, and once again if one of them asks for it. */
export async function mutateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  await mutateOnce(plugins, request)
  if (request.again) await mutateOnce(plugins, request)
}

async function mutateOnce(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.mutate?.(request)
    if (pending) await pending
  }
}

export async function allocateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.allocate?.(request)
    if (pending) await pending
  }
}

export async function validateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(request)
    if (pending) await pending
  }
}

/** `written` tells whether the write has happened. */
export async function settleAll(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
  written: boolean,
): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.settled?.(request, written)
    if (pending) await pending
  }
}
