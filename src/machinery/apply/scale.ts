import { ApplyConflictError } from './conflicts.js'
import { type Entry, type ManagedFieldsEntry, readEntries, sameManager, withFields, writeEntries } from './entries.js'
import { difference, type FieldSet, intersects } from './field-set.js'
import { fieldsAt } from './managed-object.js'

/** A write through the `scale` subresource, which owns a single field of its parent. */
export interface ScaleWrite {
  /** `metadata.managedFields` of the parent. */
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined
  /** Of the parent, e.g. `apps/v1`. */
  readonly apiVersion: string
  /** Where the parent keeps its replicas: `spec.replicas`. */
  readonly replicasPath: string
  /** The replicas before, undefined if there were none. */
  readonly before: number | undefined
  /** The replicas asked for; undefined if an apply does not say. */
  readonly after: number | undefined
  readonly manager: string
}

const own = ({ manager, apiVersion }: ScaleWrite, operation: Entry['operation'], fields: FieldSet): Entry => ({
  manager,
  operation,
  apiVersion,
  subresource: 'scale',
  fields,
  // Upstream loses the times of these entries on their way through the Scale object.
  time: undefined,
})

/** The parent's managed fields after a scale was updated or patched. */
export function updateScaleFields(write: ScaleWrite): readonly ManagedFieldsEntry[] {
  const { managedFields = [], before, after } = write
  const entries = readEntries(managedFields) ?? []
  if (entries.length === 0 || before === after) return managedFields
  const path = fieldsAt(write.replicasPath)
  const remaining = entries.map(entry => withFields(entry, difference(entry.fields, path)))
  return writeEntries(after === undefined ? remaining : joined(remaining, own(write, 'Update', path)))
}

/**
 * The parent's managed fields after a Scale was applied. Throws a 409 if another manager owns the replicas and they would
 * change, unless `force` is set.
 */
export function applyScaleFields(write: ScaleWrite & { readonly force?: boolean }): readonly ManagedFieldsEntry[] {
  const { managedFields = [], before, after } = write
  const path = fieldsAt(write.replicasPath)
  const mine = own(write, 'Apply', path)
  const others = (readEntries(managedFields) ?? []).filter(entry => !sameManager(entry, mine))
  if (after === undefined) return writeEntries(others)
  if (after === before) return writeEntries([...others, mine])
  const owners = others.filter(entry => intersects(entry.fields, path))
  if (owners.length && !write.force) {
    throw new ApplyConflictError(
      owners.map(entry => ({
        manager: { ...entry, apiVersion: 'autoscaling/v1' },
        fields: fieldsAt('spec.replicas'),
      })),
    )
  }
  return writeEntries([...others.map(entry => withFields(entry, difference(entry.fields, path))), mine])
}

function joined(entries: readonly Entry[], mine: Entry): readonly Entry[] {
  const at = entries.findIndex(entry => sameManager(entry, mine))
  return at < 0 ? [...entries, mine] : entries.with(at, mine)
}
