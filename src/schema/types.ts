/**
 * The type language. A message is declared once, as a value; its static type, JSON and protobuf codecs, defaults,
 * OpenAPI documents, strategic-merge and apply semantics are all read off that value.
 */

/** Phantom carrier of static types: `T` as the server answers it, `I` as a client may send it. Never set at run time. */
export interface Typed<out T, out I = T> {
  readonly _type?: T
  readonly _init?: I
}

/**
 * The leaves. JSON forms: `bytes` base64 text; `time` RFC 3339 seconds; `microTime` RFC 3339 with six digits;
 * `duration` Go syntax; `quantity` text (numbers are accepted); `intOrString` either; `json` anything, with
 * bigints for whole numbers that a number would round;
 * `rawExtension` and `fieldsV1` anything but null, usually an object; `binary` exists only in protobuf-only messages and is a Uint8Array.
 */
export type ScalarKind =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'double'
  | 'bytes'
  | 'binary'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'quantity'
  | 'intOrString'
  | 'json'
  | 'rawExtension'
  | 'fieldsV1'

export interface Scalar<out T = unknown> extends Typed<T> {
  readonly kind: ScalarKind
}

/** How a list behaves under server-side apply (`type`, `keys`) and strategic merge (`patch`, `patchKey`). */
export interface ListSemantics {
  /** `none` publishes no list type at all; apply treats it as atomic. */
  readonly type: 'atomic' | 'set' | 'map' | 'none'
  /** The fields that identify an item of a `map` list. */
  readonly keys: readonly string[]
  readonly patch?: PatchStrategy
  /** The single field by which strategic merge pairs items. */
  readonly patchKey?: string
  /** Protobuf carries the list as a message of its own, with the items in field 1 (Verbs, ExtraValue). */
  readonly wrapped?: boolean
}

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys' | 'replace,retainKeys'

export interface ListSchema<out T = unknown, out I = T> extends Typed<readonly T[], readonly I[]> {
  readonly kind: 'list'
  readonly item: AnySchema
  readonly semantics: ListSemantics
}

export interface MapSchema<out T = unknown, out I = T>
  extends Typed<{ readonly [key: string]: T }, { readonly [key: string]: I }> {
  readonly kind: 'map'
  readonly value: AnySchema
  /** An atomic map is owned and replaced as a whole by server-side apply. */
  readonly atomic: boolean
}

export interface MessageSchema<out T = unknown, out I = T> extends Typed<T, I> {
  readonly kind: 'message'
  /** Full protobuf name, e.g. `k8s.io.api.core.v1.Pod`. */
  readonly name: string
  readonly fields: Fields
  /** Server-side apply owns and replaces the message as a whole. */
  readonly atomic: boolean
  /** JSON writes the value of the one field that is set, bare, in place of the message; its JSON type tells which it is. */
  readonly choice?: boolean
  /** Published in OpenAPI: which fields exclude each other, and the field that names the one in use. */
  readonly unions?: readonly Union[]
  /** Set on messages that are API kinds. */
  readonly gvk?: GroupVersionKind
  /** Fields that are not declared are welcome, too: only messages made at run time. */
  readonly open?: boolean
  /** How a kind made at run time (a custom resource) is read from JSON, in place of what its fields would say. */
  readonly decoder?: RuntimeDecoder
}

/** The codec of a kind made at run time: what does not fit its schema is for validation to tell, not for decoding. */
export interface RuntimeDecoder {
  /** Makes a new object of the value; throws DecodeError. */
  readonly decode: (value: object, onUnknownField?: (path: string) => void) => object
  /** Fills in defaults, in place. */
  readonly applyDefaults: (draft: object) => void
}

export interface Union {
  readonly discriminator?: string
  /** JSON field name -> the discriminator's value that selects it. */
  readonly fields: { readonly [name: string]: string }
}

/** Breaks a cycle between declarations; resolved on first use. */
export interface LazySchema<out T = unknown, out I = T> extends Typed<T, I> {
  readonly kind: 'lazy'
  readonly resolve: () => AnySchema
}

/** Any schema, for walking. */
export type AnySchema = Scalar | ListSchema | MapSchema | MessageSchema | LazySchema

/**
 * When a field is there.
 * - `required`: always; written with its zero value if unset: "", 0, false; a message as `{}` at least; a quantity or
 *   int-or-string as its zero; a list, map, choice, time, bytes or raw object as null. The `items` of a list kind are `[]`.
 * - `optional`: left out when it has its zero value (Go's omitempty on a value).
 * - `pointer`: left out when unset; an explicit zero is kept (Go's omitempty on a pointer).
 * - `embedded`: always written, with its zero value (`{}` for a message) if unset, though it is not published as required.
 * - `nullable`: always written, as null if unset; an explicit zero is kept (a Go pointer, or time, without omitempty).
 * - `inline`: a message of its own in protobuf whose fields JSON puts into the parent.
 */
export type Presence = 'required' | 'optional' | 'pointer' | 'embedded' | 'nullable' | 'inline'

/** What a field of a custom resource must keep to; the rules of built-in kinds are their resources' own. */
export interface Constraints {
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  /** A regular expression that must match somewhere in the text. */
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  /** CEL expressions over `self` that must hold: https://kubernetes.io/docs/reference/using-api/cel/ */
  readonly rules?: readonly { readonly rule: string; readonly message?: string }[]
}

export interface FieldOptions extends Constraints {
  /** The static default of the published schema, applied when the field is absent. */
  readonly default?: unknown
  readonly enum?: readonly string[]
  /** Strategic merge of a message or map field (lists carry theirs in `ListSemantics`). */
  readonly patch?: PatchStrategy
  /** Published and validated as required although its zero value is left out when written. */
  readonly required?: boolean
  /** Of a `required` field: null, not its zero value, is written if it is unset, and no zero default is published. */
  readonly nullable?: boolean
  /** Server-side apply owns the fields of this message or map one by one, whatever its type says. */
  readonly granular?: boolean
  /** The list type published of a field that is no list in JSON: bytes. */
  readonly listType?: 'atomic'
}

export interface Field<S = unknown, P extends Presence = Presence> extends FieldOptions {
  /** Protobuf field number; 0 for a field that protobuf does not carry. */
  readonly number: number
  readonly schema: S
  readonly presence: P
}

export interface Fields {
  readonly [name: string]: Field<AnySchema>
}

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** What every API kind begins with. */
export interface TypeMeta {
  readonly kind?: string
  readonly apiVersion?: string
}

/** What an API kind says of where it is served; `plural` is empty for kinds that are only bodies (Scale, Eviction). */
export interface KindIdentity {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

/** A message that is a top-level API object: the handle by which clients, informers and the server name a resource. */
export interface Kind<out T = unknown, out I = T> extends MessageSchema<T, I> {
  readonly gvk: GroupVersionKind
  readonly plural: string
  readonly namespaced: boolean
}

type TypeOf<S> = S extends Typed<infer T, unknown> ? T : never
type InitOf<S> = S extends Typed<unknown, infer I> ? I : never

type KeysBy<F, P extends Presence> = {
  [K in keyof F]: F[K] extends { readonly presence: P } ? K : never
}[keyof F]
type SchemaAt<F, K extends keyof F> = F[K] extends { readonly schema: infer S } ? S : never
type Intersect<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void ? I : never
type Inlined<F> = [KeysBy<F, 'inline'>] extends [never]
  ? unknown
  : Intersect<{ [K in KeysBy<F, 'inline'>]: TypeOf<SchemaAt<F, K>> }[KeysBy<F, 'inline'>]>
type InlinedInit<F> = [KeysBy<F, 'inline'>] extends [never]
  ? unknown
  : Intersect<{ [K in KeysBy<F, 'inline'>]: InitOf<SchemaAt<F, K>> }[KeysBy<F, 'inline'>]>

export type FieldsType<F> = { readonly [K in KeysBy<F, 'required' | 'embedded'>]: TypeOf<SchemaAt<F, K>> } & {
  readonly [K in KeysBy<F, 'optional' | 'pointer'>]?: TypeOf<SchemaAt<F, K>>
} & { readonly [K in KeysBy<F, 'nullable'>]?: TypeOf<SchemaAt<F, K>> | null } & Inlined<F>
export type FieldsInit<F> = { readonly [K in KeysBy<F, 'required'>]: InitOf<SchemaAt<F, K>> } & {
  readonly [K in KeysBy<F, 'optional' | 'pointer' | 'embedded'>]?: InitOf<SchemaAt<F, K>>
} & { readonly [K in KeysBy<F, 'nullable'>]?: InitOf<SchemaAt<F, K>> | null } & InlinedInit<F>

/** The type of a `choice`: any one of its fields' types. */
export type ChoiceType<F> = { [K in keyof F]: TypeOf<SchemaAt<F, K>> }[keyof F]
export type ChoiceInit<F> = { [K in keyof F]: InitOf<SchemaAt<F, K>> }[keyof F]

/** The static type of a declared message as the server answers it. */
export type Infer<S> = TypeOf<S>
/** The static type a client may send: what the server fills in by itself may be left out. */
export type Init<S> = InitOf<S>

/** Deeply writable view of an object that nobody else holds yet (fresh from a decoder or a patch). */
export type Draft<T> = T extends readonly (infer E)[]
  ? Draft<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T
