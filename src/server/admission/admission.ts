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
}
