import type { Draft, GroupVersionKind, Kind } from '../schema/index.js'
import type { ApiObject } from './object.js'
import type { FieldError } from './status-error.js'

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/**
 * Everything the server needs to know to serve one kind: the declaration `resource(Pod, {...})` is all there is to a
 * built-in resource, and a CustomResourceDefinition produces the same value at run time.
 */
export interface Resource<T extends ApiObject = ApiObject> {
  readonly kind: Kind<T>
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly Verb[]
  /** Folder of the objects' keys below `/registry/`. */
  readonly storagePrefix: string
  readonly subresources: readonly Subresource<T>[]
  /** What a list as a Table shows, after the fashion of `kubectl get`. */
  readonly columns: readonly Column<T>[]
  /** Field selectors besides metadata.name and metadata.namespace: path -> value as text. */
  readonly selectableFields: { readonly [path: string]: (object: T) => string }
  /** Defaults beyond the static ones of the schema; runs on every decoded object of the kind. */
  readonly defaults?: (draft: Draft<T>) => void
  /** A DELETE that removes the object answers with it, not with a Status. */
  readonly deleteAnswersObject: boolean
  readonly strategy: Strategy<T>
}

export interface Strategy<T extends ApiObject> {
  /** The rule for `metadata.name`: messages, empty if it is fine. A DNS subdomain unless said otherwise. */
  readonly nameErrors?: (name: string) => readonly string[]
  /** Resets what a creator may not set (status) and fills in what only the server knows. */
  readonly prepareForCreate?: (draft: Draft<T>) => void
  /** Takes back from an ordinary update what it may not change (status). */
  readonly prepareForUpdate?: (draft: Draft<T>, old: T) => void
  readonly validate?: (object: T) => readonly FieldError[]
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[]
  /** Shown to the client as Warning headers. */
  readonly warnings?: (object: T, old: T | undefined) => readonly string[]
  /** `metadata.generation` counts changes of what this selects (`spec` when it is true). */
  readonly generation?: boolean
  /** PUT on a name that does not exist creates it. */
  readonly createOnUpdate?: boolean
  /** PUT without a resource version overwrites whatever is there (true unless said otherwise). */
  readonly unconditionalUpdate?: boolean
  /** Seconds an accepted deletion leaves the object to its agent; undefined or 0 removes it at once. */
  readonly gracePeriod?: (object: T, requested: number | undefined) => number | undefined
  /** Finalizers that live in the object's spec (namespaces): the object stays until they are gone, too. */
  readonly specFinalizers?: (object: T) => readonly string[]
  /** Called on the draft when a deletion is first accepted (namespaces turn Terminating). */
  readonly markDeleted?: (draft: Draft<T>) => void
}

/**
 * - `view`: another way to write the same stored object (status, finalize, ephemeralcontainers, resize).
 * - `scale`: the object seen as an autoscaling/v1 Scale.
 * - `action`: a POST with a body of its own kind that the server acts upon (binding, eviction, token).
 * - `connect`: a connection to whoever runs the object (log, exec, attach, portforward, proxy).
 */
export type Subresource<T extends ApiObject = ApiObject> =
  | ViewSubresource<T>
  | ScaleSubresource<T>
  | { readonly type: 'action'; readonly name: string; readonly kind: Kind<unknown>; readonly verbs: readonly Verb[] }
  | { readonly type: 'connect'; readonly name: string; readonly gvk: GroupVersionKind; readonly verbs: readonly Verb[] }

export interface ViewSubresource<T extends ApiObject> {
  readonly type: 'view'
  readonly name: string
  readonly verbs: readonly Verb[]
  /** Top-level fields and metadata this view may write; everything else is taken from the old object. */
  readonly prepareForUpdate: (draft: Draft<T>, old: T) => void
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[]
}

export interface ScaleSubresource<T extends ApiObject> {
  readonly type: 'scale'
  readonly name: 'scale'
  readonly verbs: readonly Verb[]
  read(object: T): { readonly replicas: number; readonly observed: number; readonly selector: string }
  write(draft: Draft<T>, replicas: number): void
}

export interface Column<T extends ApiObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number
  /** `now` is in milliseconds. */
  readonly cell: (object: T, now: number) => string | number | boolean | null
}

export interface ResourceDeclaration<T extends ApiObject> extends Partial<Omit<Resource<T>, 'kind'>> {}

const everyVerb: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Declares a resource; what is left out has the value most resources have. */
export function resource<T extends ApiObject, I>(
  kind: Kind<T, I>,
  declaration: ResourceDeclaration<T> = {},
): Resource<T> {
  return {
    kind: kind as unknown as Kind<T>,
    singular: kind.gvk.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: everyVerb,
    storagePrefix: kind.plural,
    subresources: [],
    columns: [],
    selectableFields: {},
    deleteAnswersObject: false,
    strategy: {},
    ...declaration,
  }
}

/** The `status` view: only `status` (and metadata that controllers may touch) is written, never the rest. */
export function statusView<T extends ApiObject>(
  options: { readonly validateUpdate?: ViewSubresource<T>['validateUpdate'] } = {},
): ViewSubresource<T> {
  return {
    type: 'view',
    name: 'status',
    verbs: ['get', 'patch', 'update'],
    prepareForUpdate(draft, old) {
      const target = draft as Record<string, unknown>
      for (const field of Object.keys({ ...draft, ...old }))
        if (field !== 'status' && field !== 'metadata') copyField(target, old, field)
      copyField(draft.metadata as Record<string, unknown>, old.metadata, 'deletionTimestamp')
    },
    ...(options.validateUpdate ? { validateUpdate: options.validateUpdate } : {}),
  }
}

/** Makes `target[field]` what `source` has, absent included. Shares the value: the caller must not change it deeper. */
export function copyField(target: Record<string, unknown>, source: object, field: string): void {
  const value = (source as Record<string, unknown>)[field]
  if (value === undefined) delete target[field]
  else target[field] = value
}
