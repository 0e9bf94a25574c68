import { jsonEqual } from '../json-equal.js'
import {
  capUpdaters,
  type Entry,
  isReset,
  type ManagedFieldsEntry,
  readEntries,
  sameManager,
  withFields,
  writeEntries,
} from './entries.js'
import { difference, union } from './field-set.js'
import { ChangesByVersion, changesOf, emptyObject, type ManagedType } from './managed-object.js'
import { reconciled } from './reconcile.js'

/** An ordinary create, update or patch. */
export interface ManagedUpdate extends ManagedType {
  /** The stored object; undefined for a create. */
  readonly before: object | undefined
  /** What the client's write makes of it, decoded and with defaults, before admission changes it. */
  readonly after: object
  /** `metadata.managedFields` of `after`; if it is empty, or unfit, those of `before` go on. */
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined
  readonly manager: string
  readonly subresource?: string | undefined
  /** RFC 3339. */
  readonly time: string
}

/**
 * The managed fields after an ordinary write: the writer owns what it changed, everyone loses what was changed by others
 * or is gone. Entries that stay as they are keep their identity; so does the list if nothing changes. An object without
 * managed fields stays without.
 */
export function updateManagedFields(update: ManagedUpdate): readonly ManagedFieldsEntry[] {
  const { before, after, managedFields = [] } = update
  if (isReset(managedFields)) return []
  const kept = fieldsOf(before)
  // Whoever reads an object and writes it again sends them back as they were.
  const own = managedFields.length > 0 && !jsonEqual(managedFields, kept)
  const usable = own ? readEntries(managedFields) : undefined
  const entries = usable ?? readEntries(kept) ?? []
  if (before && entries.length === 0) return []
  const from = before ?? emptyObject(update.schema)
  const changes = changesOf(from, after, update)
  if (!changes) return usable ? managedFields : kept
  const current = reconciled(entries, update.schema)
  return writeEntries(capUpdaters(tracked(current, new ChangesByVersion(from, after, update, changes), update)))
}

const fieldsOf = (object: object | undefined): readonly ManagedFieldsEntry[] =>
  (object as { metadata?: { managedFields?: readonly ManagedFieldsEntry[] } } | undefined)?.metadata?.managedFields ??
  []

/** Who writes: the identity and time of the writer's entry. */
export interface Writer {
  readonly manager: string
  readonly apiVersion: string
  readonly subresource?: string | undefined
  readonly time: string
}

/** The entries after a write by an updater. */
export function tracked(entries: readonly Entry[], changes: ChangesByVersion, writer: Writer): Entry[] {
  const remaining = entries.map(entry => withFields(entry, difference(entry.fields, changes.at(entry.apiVersion).all)))
  const changed = changes.here?.changed
  if (!changed) return remaining
  const { manager, apiVersion, subresource = '', time } = writer
  const own: Entry = { manager, operation: 'Update', apiVersion, subresource, time, fields: changed }
  const previous = remaining.findIndex(entry => sameManager(entry, own))
  const before = remaining[previous]
  if (!before) return [...remaining, own]
  return remaining.with(previous, { ...own, fields: union(before.fields, changed) })
}
