import {
  forbiddenField,
  immutable,
  invalidValue,
  invalidValues,
  required,
  tooLong,
} from '../../machinery/field-errors.js'
import * as names from '../../machinery/names.js'
import type { ApiObject } from '../../machinery/object.js'
import { root } from '../../machinery/path.js'
import type { MetadataLooks } from '../../machinery/resource.js'
import type { FieldError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'

type Metadata = ApiObject['metadata']

/** All annotations of an object together may have so many bytes. */
const maximumAnnotationBytes = 256 * 1024

/**
 * The rules of https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ for a new object. `bareFinalizers`
 * allows finalizers without a domain.
 */
export function validateMetadata(
  metadata: Metadata,
  namespaced: boolean,
  nameErrors: (name: string, prefix?: boolean) => readonly string[] = names.dns1123Subdomain,
  bareFinalizers = false,
): FieldError[] {
  const at = root.child('metadata')
  const errors: FieldError[] = []
  if (metadata.generateName)
    errors.push(
      ...invalidValues(at.child('generateName'), metadata.generateName, [...nameErrors(metadata.generateName, true)]),
    )
  if (!metadata.name) errors.push(required(at.child('name'), 'name or generateName is required'))
  else errors.push(...invalidValues(at.child('name'), metadata.name, [...nameErrors(metadata.name)]))
  if (namespaced) {
    if (!metadata.namespace) errors.push(required(at.child('namespace')))
    else
      errors.push(...invalidValues(at.child('namespace'), metadata.namespace, names.dns1123Label(metadata.namespace)))
  }
  errors.push(...validateMaps(metadata), ...validateOwners(metadata), ...validateFinalizerNames(metadata))
  if (!bareFinalizers) errors.push(...validateBareFinalizers(metadata))
  return errors
}

/** Metadata that only a deletion sets, as a client has sent them. */
interface SentDeletion {
  readonly deletionTimestamp?: Metadata['deletionTimestamp'] | undefined
  readonly deletionGracePeriodSeconds?: Metadata['deletionGracePeriodSeconds'] | undefined
}

/**
 * The same for a changed object, and what may not change. Upstream lists what it finds once for all kinds and again each
 * time that the rules of the kind look at the metadata.
 */
export function validateMetadataUpdate(
  metadata: Metadata,
  old: Metadata,
  { asChanged = 1, asNew = 0 }: MetadataLooks = {},
  sent: SentDeletion = {},
  bareFinalizers = false,
): FieldError[] {
  const contents = validateOwners(metadata)
  // What has not changed was valid when it came.
  if (metadata.labels !== old.labels || metadata.annotations !== old.annotations)
    contents.unshift(...validateMaps(metadata))
  const common = [...validateKept(metadata, old, sent), ...contents]
  const bare = bareFinalizers ? [] : validateBareFinalizers(metadata)
  const asIfNew = asNew > 0 ? [...contents, ...validateFinalizerNames(metadata), ...bare] : []
  if (common.length + bare.length + asIfNew.length === 0) return common
  return [...common, ...repeated([...common, ...bare], asChanged), ...repeated(asIfNew, asNew)]
}

/** The same errors so often. */
export const repeated = (errors: readonly FieldError[], count: number): FieldError[] =>
  Array.from({ length: count }, () => errors).flat()

function validateKept(metadata: Metadata, old: Metadata, sent: SentDeletion): FieldError[] {
  const errors: FieldError[] = []
  const at = root.child('metadata')
  if (old.deletionTimestamp) {
    const added = (metadata.finalizers ?? []).filter(finalizer => !old.finalizers?.includes(finalizer))
    if (added.length > 0)
      errors.push(
        forbiddenField(
          at.child('finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added
            .sort()
            .map(name => JSON.stringify(name))
            .join(', ')}}`,
        ),
      )
  }
  if (metadata.namespace !== old.namespace)
    errors.push(invalidValue(at.child('namespace'), metadata.namespace, immutable))
  if (sent.deletionTimestamp && !old.deletionTimestamp)
    errors.push(invalidValue(at.child('deletionTimestamp'), sent.deletionTimestamp, immutable))
  const seconds = sent.deletionGracePeriodSeconds
  if (seconds !== undefined && seconds !== old.deletionGracePeriodSeconds)
    errors.push(invalidValue(at.child('deletionGracePeriodSeconds'), seconds, immutable))
  return errors
}

function validateMaps({ labels, annotations }: Metadata): FieldError[] {
  const errors: FieldError[] = []
  const at = root.child('metadata')
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...invalidValues(at.child('labels'), key, names.qualifiedName(key)))
    errors.push(...invalidValues(at.child('labels'), value, names.labelValue(value)))
  }
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidValues(at.child('annotations'), key, names.annotationKey(key)))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > maximumAnnotationBytes) errors.push(tooLong(at.child('annotations'), maximumAnnotationBytes))
  return errors
}

const mostComplaints = 10

function validateOwners({ ownerReferences }: Metadata): FieldError[] {
  if (!ownerReferences) return []
  const errors: FieldError[] = []
  const at = root.child('metadata').child('ownerReferences')
  let controller: string | undefined
  let complaints = 0
  for (const owner of ownerReferences) {
    const version = /^(?:[^/]*\/)?([^/]*)$/.exec(owner.apiVersion)?.[1]
    if (!version) errors.push(invalidValue(at.child('apiVersion'), owner.apiVersion, 'version must not be empty'))
    for (const field of ['kind', 'name', 'uid'] as const)
      if (!owner[field]) errors.push(invalidValue(at.child(field), owner[field], 'must not be empty'))
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      errors.push(invalidValue(at, owner, '/v1, Kind=Event is disallowed from being an owner'))
    if (!owner.controller) continue
    const name = `${owner.kind}/${owner.name}`
    // Each complaint shows the whole list.
    if (controller !== undefined && complaints++ < mostComplaints)
      errors.push(
        invalidValue(
          at,
          ownerReferences,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      )
    controller ??= name
  }
  return errors
}

/** Leaves of owners that are named twice, in the very same words, the first. Returns what to tell the client. */
export function dropRepeatedOwners(metadata: Draft<Metadata>): string[] {
  const { ownerReferences: owners = [] } = metadata
  if (owners.length < 2) return []
  const seen = new Set<string>()
  // Drafts have their fields in one order, so that what is equal is written alike.
  const repeats = owners.map(owner => seen.size === seen.add(JSON.stringify(owner)).size)
  if (!repeats.includes(true)) return []
  metadata.ownerReferences = owners.filter((_, i) => !repeats[i])
  const uids = owners.filter((_, i) => repeats[i]).map(({ uid }) => uid)
  return [
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(', ')}`,
  ]
}

function validateFinalizerNames({ finalizers }: Metadata): FieldError[] {
  if (!finalizers) return []
  const at = root.child('metadata').child('finalizers')
  const errors = finalizers.flatMap(finalizer => invalidValues(at, finalizer, names.qualifiedName(finalizer)))
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalidValue(at, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  return errors
}

/** Finalizers without a domain are those of Kubernetes itself. */
function validateBareFinalizers({ finalizers }: Metadata): FieldError[] {
  const at = root.child('metadata').child('finalizers')
  return (finalizers ?? []).flatMap((finalizer, i) =>
    finalizer.includes('/') || ownFinalizers.has(finalizer)
      ? []
      : [invalidValue(at.index(i), finalizer, 'name is neither a standard finalizer name nor is it fully qualified')],
  )
}

const ownFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])
