import {
  boolean,
  type FieldsType,
  int64,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  string,
  type TypeMeta,
} from '../../schema/index.js'
import { coreKind, kind, message } from './declare.js'

const preconditions = {
  uid: pointer(1, string),
  resourceVersion: pointer(2, string),
}
export interface Preconditions extends FieldsType<typeof preconditions> {}
export const Preconditions: MessageSchema<Preconditions> = message('Preconditions', preconditions)

const deleteOptions = {
  gracePeriodSeconds: pointer(1, int64),
  preconditions: pointer(2, Preconditions),
  orphanDependents: pointer(3, boolean),
  propagationPolicy: pointer(4, string),
  dryRun: optional(5, list(string)),
  ignoreStoreReadErrorWithClusterBreakingPotential: pointer(6, boolean),
}
export interface DeleteOptions extends TypeMeta, FieldsType<typeof deleteOptions> {}
/** The body of a DELETE; it is accepted under any group and version. */
export const DeleteOptions: Kind<DeleteOptions> = coreKind(
  'DeleteOptions',
  { plural: '', namespaced: false },
  deleteOptions,
)

const getOptions = { resourceVersion: optional(1, string) }
export interface GetOptions extends TypeMeta, FieldsType<typeof getOptions> {}
/** Query parameters of a get. */
export const GetOptions: Kind<GetOptions> = kind('GetOptions', { plural: '', namespaced: false }, getOptions)

const listOptions = {
  labelSelector: optional(1, string),
  fieldSelector: optional(2, string),
  watch: optional(3, boolean),
  allowWatchBookmarks: optional(9, boolean),
  resourceVersion: optional(4, string),
  resourceVersionMatch: optional(10, string),
  timeoutSeconds: pointer(5, int64),
  limit: optional(7, int64),
  continue: optional(8, string),
  sendInitialEvents: pointer(11, boolean),
  shardSelector: optional(15, string),
}
export interface ListOptions extends TypeMeta, FieldsType<typeof listOptions> {}
/** Query parameters of a list, a watch or a collection delete. */
export const ListOptions: Kind<ListOptions> = kind('ListOptions', { plural: '', namespaced: false }, listOptions)

const createOptions = {
  dryRun: optional(1, list(string, { type: 'none' })),
  fieldManager: optional(3, string),
  fieldValidation: optional(4, string),
}
export interface CreateOptions extends TypeMeta, FieldsType<typeof createOptions> {}
/** Query parameters of a create. */
export const CreateOptions: Kind<CreateOptions> = kind(
  'CreateOptions',
  { plural: '', namespaced: false },
  createOptions,
)

const patchOptions = {
  dryRun: optional(1, list(string, { type: 'none' })),
  force: pointer(2, boolean),
  fieldManager: optional(3, string),
  fieldValidation: optional(4, string),
}
export interface PatchOptions extends TypeMeta, FieldsType<typeof patchOptions> {}
/** Query parameters of a patch or an apply. */
export const PatchOptions: Kind<PatchOptions> = kind('PatchOptions', { plural: '', namespaced: false }, patchOptions)

const updateOptions = {
  dryRun: optional(1, list(string, { type: 'none' })),
  fieldManager: optional(2, string),
  fieldValidation: optional(3, string),
}
export interface UpdateOptions extends TypeMeta, FieldsType<typeof updateOptions> {}
/** Query parameters of an update. */
export const UpdateOptions: Kind<UpdateOptions> = kind(
  'UpdateOptions',
  { plural: '', namespaced: false },
  updateOptions,
)

const tableOptions = { includeObject: optional(1, string) }
export interface TableOptions extends TypeMeta, FieldsType<typeof tableOptions> {}
/** Query parameters of a request answered with a Table. */
export const TableOptions: Kind<TableOptions> = kind('TableOptions', { plural: '', namespaced: false }, tableOptions)

/** The body of a patch request; its form depends on the content type. */
export const Patch: MessageSchema<unknown> = message('Patch', {})
