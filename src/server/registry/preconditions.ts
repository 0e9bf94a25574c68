import { immutable, invalidValue } from '../../machinery/field-errors.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import {
  badRequest,
  conflict,
  invalid,
  type ResourceName,
  StatusError,
  staleObject,
} from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { DeletionRequest } from './deletion.js'
import { repeated } from './metadata.js'
import type { Change } from './write.js'

type Metadata = Draft<ApiObject['metadata']>

export const nameOf = ({ kind }: Resource): ResourceName => ({ group: kind.gvk.group, plural: kind.plural })

/** Puts an object into the namespace of its request. Throws a 400 if it wants to be somewhere else. */
export function placeIn(resource: Resource, namespace: string, metadata: Metadata): void {
  if (!resource.kind.namespaced) {
    if (metadata.namespace) throw badRequest('namespace is not allowed on this type')
    delete metadata.namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  metadata.namespace = namespace
}

/** An update names the object it is sent to. */
export function checkName({ name }: Metadata, asked: string): void {
  if (name === asked) return
  throw badRequest(
    name
      ? `the name of the object (${name}) does not match the name on the URL (${asked})`
      : `the name of the object (${asked} based on URL) was undeterminable: name must be provided`,
  )
}

/** A version that a write insists on; undefined if any will do. */
export function versionOf({ resourceVersion }: ApiObject['metadata']): number | undefined {
  if (!resourceVersion || resourceVersion === '0') return undefined
  if (!/^\d+$/.test(resourceVersion))
    throw new StatusError(500, '', `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`)
  return Number(resourceVersion)
}

/** 409: an update insists on an object with another uid, or of another version, than the one there is. */
export function anotherObject(
  resource: ResourceName,
  storePrefix: string,
  metadata: ApiObject['metadata'],
  asked: string,
  field: 'uid' | 'resourceVersion' = 'uid',
): StatusError {
  const { namespace, name = '' } = metadata
  const key = `${storePrefix}${namespace ? `${namespace}/` : ''}${name}`
  const what = field === 'uid' ? 'UID' : 'ResourceVersion'
  return conflict(
    resource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${metadata[field] ?? ''}`,
  )
}

/** Whether an update may replace what is there. Throws a 409 or a 422 if not. */
export function checkUpdate<T extends ApiObject>(
  resource: Resource<T>,
  storePrefix: string,
  name: string,
  { uid, ...metadata }: ApiObject['metadata'],
  current: StoredObject<T> | undefined,
  change: Change<T>,
): void {
  const ownName = nameOf(resource as unknown as Resource)
  const own = current?.object.metadata
  if (uid && uid !== own?.uid) {
    const { asChanged = 1 } = resource.strategy.metadataLooks ?? {}
    if (change.retry)
      throw invalid(resource.kind.gvk, name, repeated([invalidValue('metadata.uid', uid, immutable)], 1 + asChanged))
    throw anotherObject(ownName, storePrefix, { ...own, name }, uid)
  }
  if (!current) return
  const version = versionOf(metadata)
  if (version !== undefined && version !== current.revision) throw staleObject(ownName, name)
  if (version === undefined && resource.strategy.unconditionalUpdate === false && !change.retry)
    throw invalid({ group: ownName.group, kind: ownName.plural }, name, [
      {
        reason: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        message: 'Invalid value: 0: must be specified for an update',
      },
    ])
}

/** Whether a deletion means the object that is there. Throws a 409 if not. */
export function checkDeletion(
  { kind }: Resource,
  name: string,
  current: StoredObject<ApiObject>,
  { preconditions }: DeletionRequest,
): void {
  const { uid } = current.object.metadata
  const refused = (what: string, asked: string, is: string, might: string) =>
    conflict(
      { group: kind.gvk.group, plural: kind.gvk.kind },
      name,
      `the ${what} in the precondition (${asked}) does not match the ${what} in record (${is}). The object might have been ${might}`,
    )
  if (preconditions?.uid !== undefined && preconditions.uid !== uid)
    throw refused('UID', preconditions.uid, uid ?? '', 'deleted and then recreated')
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== String(current.revision))
    throw refused('ResourceVersion', preconditions.resourceVersion, String(current.revision), 'modified')
}
