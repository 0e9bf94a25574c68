import type { UserInfo } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'

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
}

/**
 * Looks at every write before it happens. `mutate` runs first, for all plugins in order, then the server validates the
 * object, then `validate` runs. Refuse by throwing a `StatusError`.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
export interface AdmissionPlugin {
  readonly name: string
  mutate?(request: AdmissionRequest): Promise<void> | void
  validate?(request: AdmissionRequest): Promise<void> | void
  /** The write has happened and every cache shows it, or it has failed: what was set aside for it is free again. */
  settled?(request: AdmissionRequest): void
}

export async function mutateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.mutate?.(request)
    if (pending) await pending
  }
}

export async function validateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(request)
    if (pending) await pending
  }
}

export function settleAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): void {
  for (const plugin of plugins) plugin.settled?.(request)
}
