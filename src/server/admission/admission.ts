import type { UserInfo } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { forbidden, type StatusError } from '../../machinery/status-error.js'
import type { Draft, Kind } from '../../schema/index.js'
import type { PluginLimits } from '../plugin-limits.js'
import type { ObjectOf, ResourceMatch } from '../request-match.js'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** A write that is about to happen, of an object of type `T`. */
export interface AdmissionAttributes<T extends ApiObject = ApiObject, O extends Operation = Operation> {
  readonly operation: O
  /** What kind of object it is about, and how it is called in paths. */
  readonly resource: { readonly kind: Pick<Kind, 'gvk' | 'plural' | 'namespaced'> }
  /** Empty for the object itself. */
  readonly subresource: string
  /** Empty for objects of the cluster. */
  readonly namespace: string
  /** Empty while it is still to be generated. */
  readonly name: string
  /** The object as it is to be, for `mutate` to change in place; there is none for deletions. */
  readonly object: O extends 'CREATE' | 'UPDATE' ? Draft<T> : O extends 'CONNECT' ? Draft<T> | undefined : undefined
  /** The object as it has been, for updates and deletions. */
  readonly old: O extends 'UPDATE' | 'DELETE' ? T : undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Tells the client something, as a Warning header. */
  warn(text: string): void
  /** Adds something to what the audit log says of the request, if it is written down. */
  readonly annotate?: ((key: string, value: string) => void) | undefined
}

/** A write as the server's own plugins see it. */
export interface AdmissionRequest extends AdmissionAttributes {
  readonly resource: Resource
  /** Set by a plugin that has had the object changed from outside: all plugins look at it once more. */
  again?: boolean
}

/** Which writes an admission plugin looks at; see `RequestMatch` for how names are written. */
export interface AdmissionMatch {
  readonly resources?: readonly ResourceMatch[]
  /** `CREATE` and `UPDATE` by default. */
  readonly operations?: readonly Operation[]
  readonly namespaces?: readonly string[]
}

/**
 * Looks at every write before it happens. `mutate` runs first, for all plugins in order; then the resource's strategy
 * prepares the object, `allocate` runs, the server validates the object, and `validate` runs. Refuse by throwing a
 * `StatusError`.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
export interface AdmissionPlugin extends PluginLimits {
  readonly name: string
  /** Everything by default. */
  readonly match?: AdmissionMatch
  mutate?(request: AdmissionRequest): Promise<void> | void
  /** Gives the object what no other may have, such as an address; taken back when `settled`, unless it was written. */
  allocate?(request: AdmissionRequest): Promise<void> | void
  validate?(request: AdmissionRequest): Promise<void> | void
  /** The write has happened and every cache shows it, or it has failed: what was set aside for it is free again. */
  settled?(request: AdmissionRequest, written: boolean): Promise<void> | void
}

/**
 * Declares a plugin for writes of some kinds, with their objects typed:
 *
 *     admission({
 *       name: 'replicas',
 *       match: { resources: [Deployment], namespaces: ['prod-*'] },
 *       validate(request) {
 *         if ((request.object.spec.replicas ?? 1) < 2) throw refusal(request, 'production needs two replicas')
 *       },
 *     })
 */
export const admission = <
  const R extends readonly ResourceMatch[],
  const O extends Operation = 'CREATE' | 'UPDATE',
>(plugin: {
  readonly name: string
  readonly match: AdmissionMatch & { readonly resources?: R; readonly operations?: readonly O[] }
  readonly timeoutMs?: PluginLimits['timeoutMs']
  readonly failurePolicy?: PluginLimits['failurePolicy']
  mutate?(request: AdmissionAttributes<ObjectOf<R[number]>, O>): Promise<void> | void
  validate?(request: AdmissionAttributes<ObjectOf<R[number]>, O>): Promise<void> | void
}): AdmissionPlugin => plugin as unknown as AdmissionPlugin

/** What is written, if it is an object of the kind itself and not one of its subresources. */
export function draftOf<T extends ApiObject, I>(
  { resource, subresource, object }: AdmissionRequest,
  kind: Kind<T, I>,
): Draft<T> | undefined {
  return isOf(resource, kind) && !subresource ? (object as Draft<T> | undefined) : undefined
}

export const isOf = <T, I>({ kind: { gvk } }: AdmissionAttributes['resource'], kind: Kind<T, I>): boolean =>
  gvk.kind === kind.gvk.kind && gvk.group === kind.gvk.group

/** The 403 by which plugins refuse a write: `throw refusal(request, 'it has no owner')`. */
export function refusal(
  { resource: { kind }, name, object }: Pick<AdmissionAttributes, 'resource' | 'name' | 'object'>,
  why: string,
): StatusError {
  const { metadata } = object ?? {}
  // A name that is yet to be generated is told as far as it goes.
  const called = name || metadata?.name || metadata?.generateName || ''
  return forbidden({ group: kind.gvk.group, plural: kind.plural }, called, why)
}

/** A promise is only made where a plugin has to wait: most writes pass all of them at once. */
type Pending = Promise<void> | void

/** Runs all plugins, and once again if one of them asks for it. */
export function mutateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Pending {
  const mutate = (): Pending => inTurn(plugins, plugin => plugin.mutate?.(request))
  const again = (): Pending => (request.again ? mutate() : undefined)
  const pending = mutate()
  return pending ? pending.then(again) : again()
}

export const allocateAll = (plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Pending =>
  inTurn(plugins, plugin => plugin.allocate?.(request))

export const validateAll = (plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Pending =>
  inTurn(plugins, plugin => plugin.validate?.(request))

/** `written` tells whether the write has happened. */
export const settleAll = (plugins: readonly AdmissionPlugin[], request: AdmissionRequest, written: boolean): Pending =>
  inTurn(plugins, plugin => plugin.settled?.(request, written))

/** Asks one plugin after the other, from one of them on. */
function inTurn(plugins: readonly AdmissionPlugin[], ask: (plugin: AdmissionPlugin) => Pending, from = 0): Pending {
  for (let i = from; i < plugins.length; i++) {
    const pending = ask(plugins[i] as AdmissionPlugin)
    if (pending) return pending.then(() => inTurn(plugins, ask, i + 1))
  }
}
