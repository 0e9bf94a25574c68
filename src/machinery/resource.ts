import type { Draft, GroupVersionKind, Kind, MessageSchema, OpenApiSchema } from '../schema/index.js'
import type { UserInfo } from './http.js'
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
  /** False of kinds that are only asked (reviews, bindings): an action of the server answers, nothing is kept. */
  readonly stored: boolean
  /** Folder of the objects' keys below `/registry/`. */
  readonly storagePrefix: string
  /** Set where objects are kept in another form than they are served in: another version, another group. */
  readonly storedAs?: StoredForm<T>
  readonly subresources: readonly Subresource<T>[]
  /** What a list as a Table shows, after the fashion of `kubectl get`. */
  readonly columns: readonly Column<T>[]
  /** Annotations that belong to the served version alone: Tables and PartialObjectMetadata do not show them. */
  readonly versionAnnotations?: readonly string[]
  /** What a row of a Table says of its object besides the cells: whether a pod has come to its end. */
  readonly rowConditions?: (object: T) => readonly RowCondition[]
  /** How the rows of a Table are sorted; as the list is unless said otherwise. */
  readonly rowOrder?: (a: T, b: T) => number
  /** Field selectors besides metadata.name and metadata.namespace: path -> value as text. */
  readonly selectableFields: { readonly [path: string]: (object: T) => string }
  /** Defaults beyond the static ones of the schema; runs on every decoded object of the kind. */
  readonly defaults?: (draft: Draft<T>) => void
  /** A DELETE that removes the object answers with it, not with a Status. */
  readonly deleteAnswersObject: boolean
  /** Told with every answer, as a Warning header: that the version is deprecated, and what to use instead. */
  readonly deprecated?: string
  /** The kind in the other versions of a custom resource, whose managed fields objects may carry. */
  readonly otherVersions?: readonly Kind<ApiObject>[]
  /** What OpenAPI v2 and v3 publish of a custom resource, under the kind's name; a built-in kind's schema says it itself. */
  readonly openApi?: { readonly v2: OpenApiSchema; readonly v3: OpenApiSchema }
  readonly strategy: Strategy<T>
}

export interface RowCondition {
  readonly type: 'Completed'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
}

/** The form in which a kind is kept, and the ways there and back. Neither changes what it is given. */
export interface StoredForm<T extends ApiObject> {
  readonly kind: Kind<ApiObject>
  readonly read: (stored: ApiObject) => T
  readonly write: (object: T) => ApiObject
  /** In place of `write`, where somebody else converts and must be waited for. */
  readonly ask?: (object: T) => Promise<ApiObject>
}

/** Who writes and when, for strategies that note it in the object. */
export interface Writer {
  readonly user: UserInfo
  /** Milliseconds since 1970. */
  readonly now: number
}

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground'

/**
 * How often the metadata of a changed object are looked at, besides once for all kinds alike. Each look reports what it
 * finds, so that clients see one fault as often.
 */
export interface MetadataLooks {
  /** By the rules for changed objects; once unless said otherwise. */
  readonly asChanged?: number
  /** By the rules for new objects; never unless said otherwise. */
  readonly asNew?: number
}

export interface Strategy<T extends ApiObject> {
  /** The rule for `metadata.name`: messages, empty if it is fine. A DNS subdomain unless said otherwise. */
  readonly nameErrors?: (name: string) => readonly string[]
  /** Resets what a creator may not set (status) and fills in what only the server knows. */
  readonly prepareForCreate?: (draft: Draft<T>, writer: Writer) => void
  /** Takes back from an ordinary update what it may not change (status). */
  readonly prepareForUpdate?: (draft: Draft<T>, old: T, writer: Writer) => void
  /** Dotted paths of fields that an ordinary write never changes, and so never comes to own (`status`). */
  readonly resetFields?: readonly string[]
  readonly validate?: (object: T) => readonly FieldError[]
  /** Rules for new objects whose answer must be waited for, such as whether a signature is good. */
  readonly verify?: (object: T) => Promise<readonly FieldError[]>
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[]
  readonly metadataLooks?: MetadataLooks
  /** Shown to the client as Warning headers. */
  readonly warnings?: (object: T, old: T | undefined) => readonly string[]
  /** `metadata.generation` begins with 1 and counts changes of everything but metadata and status. */
  readonly generation?: boolean
  /** What is called status counts, too: it is a field like any other where there is no status subresource. */
  readonly generationCountsStatus?: boolean
  /** PUT on a name that does not exist creates it. */
  readonly createOnUpdate?: boolean
  /** PUT without a resource version overwrites whatever is there (true unless said otherwise). */
  readonly unconditionalUpdate?: boolean
  /** Seconds an accepted deletion leaves the object to its agent; undefined or 0 removes it at once. */
  readonly gracePeriod?: (object: T, requested: number | undefined) => number | undefined
  /** Finalizers may be called anything, without the domain of whoever sees to them. */
  readonly bareFinalizers?: boolean
  /** Finalizers that live in the object's spec (namespaces): the object stays until they are gone, too. */
  readonly specFinalizers?: (object: T) => readonly string[]
  /** What a deletion that does not say does with dependents, where that is not Background; what to tell the client. */
  readonly defaultPropagation?: { readonly policy: PropagationPolicy; readonly warning?: string }
  /** Why the object of a name cannot be deleted; who deletes a collection takes it along. */
  readonly whyKept?: (name: string) => string | undefined
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
  /** Takes everything from the old object but the fields and metadata this view may write. */
  readonly prepareForUpdate: (draft: Draft<T>, old: T, writer: Writer) => void
  /** Dotted paths of fields that this view never changes, and so never comes to own (`spec` for status). */
  readonly resetFields?: readonly string[]
  /** Rules for new objects whose answer must be waited for, such as whether a signature is good. */
  readonly verify?: (object: T) => Promise<readonly FieldError[]>
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[]
  /** Texts for Warning headers. */
  readonly warnings?: (object: T) => readonly string[]
  readonly metadataLooks?: MetadataLooks
}

export interface ScaleSubresource<T extends ApiObject> {
  readonly type: 'scale'
  readonly name: 'scale'
  readonly verbs: readonly Verb[]
  /** Where the object keeps the wanted replicas: `spec.replicas`. */
  readonly replicasPath: string
  /** Replicas are checked with the rest of the object, in its own words. */
  readonly validated?: boolean
  /** `replicas` is undefined where the object does not say. */
  read(object: T): { readonly replicas: number | undefined; readonly observed: number; readonly selector: string }
  write(draft: Draft<T>, replicas: number): void
}

export interface Column<T extends ApiObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** Dotted path of the field whose documentation describes the column, where it has no description of its own. */
  readonly field?: string
  /** Whose field that is; the resource's kind unless said otherwise. */
  readonly describedBy?: MessageSchema
  /** A cell that upstream's rows have and its head does not. */
  readonly headless?: true
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number
  /** `now` is in milliseconds. */
  readonly cell: (object: T, now: number) => string | number | bigint | boolean | null
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
    stored: true,
    storagePrefix: kind.plural,
    subresources: [],
    columns: [],
    selectableFields: {},
    deleteAnswersObject: false,
    strategy: {},
    ...declaration,
  }
}

export interface StatusViewOptions<T extends ApiObject> {
  readonly validateUpdate?: ViewSubresource<T>['validateUpdate']
  readonly warnings?: ViewSubresource<T>['warnings']
  /** Fields of metadata that the view leaves alone: `labels`. */
  readonly keepsMetadata?: readonly string[]
  /** Dotted paths never owned through the view, if that is not `spec`. */
  readonly resetFields?: readonly string[]
  /** Further changes of the written status. */
  readonly prepareForUpdate?: ViewSubresource<T>['prepareForUpdate']
}

/** The `status` view: only `status` (and metadata that controllers may touch) is written, never the rest. */
export function statusView<T extends ApiObject>(options: StatusViewOptions<T> = {}): ViewSubresource<T> {
  const { validateUpdate, warnings, keepsMetadata = [], resetFields = ['spec'], prepareForUpdate } = options
  return {
    type: 'view',
    name: 'status',
    verbs: ['get', 'patch', 'update'],
    resetFields: [...resetFields, ...keepsMetadata.map(field => `metadata.${field}`)],
    prepareForUpdate(draft, old, writer) {
      const target = draft as Record<string, unknown>
      for (const field of Object.keys({ ...draft, ...old }))
        if (field !== 'status' && field !== 'metadata') copyField(target, old, field)
      for (const field of ['deletionTimestamp', ...keepsMetadata])
        copyField(draft.metadata as Record<string, unknown>, old.metadata, field)
      prepareForUpdate?.(draft, old, writer)
    },
    ...(validateUpdate ? { validateUpdate } : {}),
    ...(warnings ? { warnings } : {}),
  }
}

/** Makes `target[field]` what `source` has, absent included. Shares the value: the caller must not change it deeper. */
export function copyField(target: Record<string, unknown>, source: object, field: string): void {
  const value = (source as Record<string, unknown>)[field]
  if (value === undefined) delete target[field]
  else target[field] = value
}
