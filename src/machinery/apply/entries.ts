import type { Draft } from '../../schema/types.js'
import { compareText } from '../compare-text.js'
import type { ManagedFieldsEntry } from '../meta/object-meta.js'
import { canonicalFieldSet, type FieldSet, union } from './field-set.js'
import { fieldsText, isShared } from './field-set-builder.js'

export type { ManagedFieldsEntry }

/** Who manages fields, and how. Two entries of an object never agree in all of these. */
export interface ManagerIdentity {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
}

/** An entry of managed fields as apply works with it. */
export interface Entry extends ManagerIdentity {
  readonly fields: FieldSet | undefined
  /** RFC 3339; undefined where the entry has none. */
  readonly time: string | undefined
  /** What it was read from; undefined once anything but its fields' sharing changed. */
  readonly source?: ManagedFieldsEntry | undefined
}

/** After as many managers of updates the oldest become one. */
const mostUpdaters = 10
const ancientManager = 'ancient-changes'

/** Who applies is the same whatever version that is done in; updates of each version are kept apart. */
export const sameManager = (a: ManagerIdentity, b: ManagerIdentity): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion) &&
  a.subresource === b.subresource

/** The entry with other fields; the same entry if they are the same. */
export const withFields = (entry: Entry, fields: FieldSet | undefined): Entry =>
  fields === entry.fields ? entry : { ...entry, fields, source: undefined }

const known = new WeakMap<ManagedFieldsEntry, Entry>()

/** Reads entries; undefined if any of them is malformed. What takes long to read is read once. */
export function readEntries(managedFields: readonly ManagedFieldsEntry[]): Entry[] | undefined {
  const entries: Entry[] = []
  for (const source of managedFields) {
    const entry = known.get(source) ?? readEntry(source)
    if (!entry) return undefined
    if (source.fieldsV1 && !isShared(source.fieldsV1 as FieldSet)) known.set(source, entry)
    entries.push(entry)
  }
  return entries
}

function readEntry(source: ManagedFieldsEntry): Entry | undefined {
  const { manager = '', operation, apiVersion = '', subresource = '', time, fieldsType, fieldsV1 } = source
  if ((operation !== 'Apply' && operation !== 'Update') || (fieldsType && fieldsType !== 'FieldsV1')) return undefined
  const fields = fieldsV1 === undefined ? null : canonicalFieldSet(fieldsV1)
  if (fields === undefined) return undefined
  return { manager, operation, apiVersion, subresource, time, fields: fields ?? undefined, source }
}

/** A client resets managed fields by sending a single empty entry. */
export const isReset = (managedFields: readonly ManagedFieldsEntry[]): boolean =>
  managedFields.length === 1 && Object.values(managedFields[0] ?? {}).every(value => value === undefined)

/** Writes entries in the order upstream keeps: by operation, time, manager, version, subresource. Drops empty ones. */
export function writeEntries(entries: readonly Entry[]): ManagedFieldsEntry[] {
  return entries
    .filter(entry => entry.fields)
    .sort(inOrder)
    .map(writeEntry)
}

function writeEntry(entry: Entry): ManagedFieldsEntry {
  if (entry.source) return entry.source
  const { manager, operation, apiVersion, time, fields, subresource } = entry
  // One by one: every write makes one, and spreading what may be absent costs more than all else about it.
  const written: Draft<ManagedFieldsEntry> = {}
  if (manager) written.manager = manager
  written.operation = operation
  if (apiVersion) written.apiVersion = apiVersion
  if (time !== undefined) written.time = time
  written.fieldsType = 'FieldsV1'
  if (fields) written.fieldsV1 = fields
  if (subresource) written.subresource = subresource
  return written
}

/** Managed fields as JSON. */
export const managedFieldsText = (managedFields: readonly ManagedFieldsEntry[]): string =>
  `[${managedFields.map(entryText).join()}]`

function entryText(entry: ManagedFieldsEntry): string {
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = entry
  if (!fieldsV1 || !isShared(fieldsV1 as FieldSet)) return JSON.stringify(entry)
  const text =
    textField('manager', manager) +
    textField('operation', operation) +
    textField('apiVersion', apiVersion) +
    textField('time', time) +
    textField('fieldsType', fieldsType)
  return `{${text.slice(1)},"fieldsV1":${fieldsText(fieldsV1 as FieldSet)}${textField('subresource', subresource)}}`
}

const textField = (name: string, value: string | null | undefined): string =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`

// RFC 3339 in UTC sorts as text; no time at all is the oldest.
const byTime = (a: Entry, b: Entry): number => compareText(a.time ?? '', b.time ?? '')

const inOrder = (a: Entry, b: Entry): number =>
  compareText(a.operation, b.operation) ||
  byTime(a, b) ||
  compareText(a.manager, b.manager) ||
  compareText(a.apiVersion, b.apiVersion) ||
  compareText(a.subresource, b.subresource)

/** Puts the oldest updates of a version together until there are no more than ten managers of updates. */
export function capUpdaters(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= mostUpdaters) return entries
  const updaters = entries.filter(entry => entry.operation === 'Update' && entry.fields)
  let excess = updaters.length - mostUpdaters
  if (excess <= 0) return entries
  const result = new Set(entries)
  updaters.sort((a, b) => byTime(a, b) || compareText(identityText(a), identityText(b)))
  const buckets = new Map<string, Entry>()
  for (const entry of updaters) {
    if (excess <= 0) break
    const first = buckets.get(entry.apiVersion)
    if (!first) {
      buckets.set(entry.apiVersion, entry)
      continue
    }
    // The first of a version only becomes a bucket when a second one joins it.
    const bucket: Entry = {
      manager: ancientManager,
      operation: 'Update',
      apiVersion: entry.apiVersion,
      subresource: '',
      fields: union(first.fields, entry.fields),
      time: entry.time,
    }
    result.delete(first)
    result.delete(entry)
    result.add(bucket)
    buckets.set(entry.apiVersion, bucket)
    excess--
  }
  return [...result]
}

/** The identity as upstream writes it, by which it orders managers. */
export const identityText = ({ manager, operation, apiVersion, subresource }: ManagerIdentity): string =>
  JSON.stringify({ manager, operation, apiVersion, ...(subresource ? { subresource } : {}) })
