import type { ApiObject } from '../machinery/object.js'
import { copyField, type Strategy } from '../machinery/resource.js'

type Apart = Required<Pick<Strategy<ApiObject>, 'prepareForCreate' | 'prepareForUpdate' | 'resetFields'>>

/**
 * The part of a strategy that leaves `status` to its own subresource: a creator cannot set it, an update keeps it.
 * `initial` makes what a new object begins with.
 */
export const statusApart = (initial: () => object = () => ({})): Apart => ({
  prepareForCreate(draft) {
    ;(draft as { status?: object }).status = initial()
  },
  prepareForUpdate: keepStatus,
  resetFields: ['status'],
})

/** Makes the status of an updated object what it was. */
export const keepStatus = (draft: object, old: object): void =>
  copyField(draft as Record<string, unknown>, old, 'status')
