import type {
  AnySchema,
  ChoiceInit,
  ChoiceType,
  Field,
  FieldOptions,
  Fields,
  FieldsInit,
  FieldsType,
  Infer,
  Init,
  Kind,
  KindIdentity,
  LazySchema,
  ListSchema,
  ListSemantics,
  MapSchema,
  MessageSchema,
  PatchStrategy,
  Presence,
  Scalar,
  Typed,
  TypeMeta,
  Union,
} from './types.js'

const scalar = <T>(kind: Scalar['kind']): Scalar<T> => ({ kind })

export const string = scalar<string>('string')
export const boolean = scalar<boolean>('boolean')
export const int32 = scalar<number>('int32')
export const int64 = scalar<number>('int64')
export const uint32 = scalar<number>('uint32')
export const uint64 = scalar<number>('uint64')
export const double = scalar<number>('double')
export const bytes = scalar<string>('bytes')
export const binary = scalar<Uint8Array>('binary')
export const time = scalar<string>('time')
export const microTime = scalar<string>('microTime')
export const duration = scalar<string>('duration')
export const quantity = scalar<string>('quantity')
export const intOrString = scalar<number | string>('intOrString')
/** Any JSON value (protobuf: a message with the raw JSON text in field 1). */
export const json = scalar<unknown>('json')
/** A whole object of any kind (protobuf: RawExtension). */
export const rawExtension = scalar<unknown>('rawExtension')
export const fieldsV1 = scalar<{ readonly [key: string]: unknown }>('fieldsV1')

/** A list; atomic under server-side apply unless `semantics` says otherwise. */
export function list<S extends Typed<unknown, unknown>>(
  item: S,
  semantics: Partial<ListSemantics> = {},
): ListSchema<Infer<S>, Init<S>> {
  return { kind: 'list', item: item as unknown as AnySchema, semantics: { type: 'atomic', keys: [], ...semantics } }
}

/** A list of distinct scalars, each owned on its own. */
export const set = <S extends Typed<unknown, unknown>>(item: S, patch?: PatchStrategy): ListSchema<Infer<S>, Init<S>> =>
  list(item, patch ? { type: 'set', patch } : { type: 'set' })

/** A list whose items are identified by `keys`; strategic merge pairs them by `patchKey` where it is given. */
export const keyed = <S extends Typed<unknown, unknown>>(
  item: S,
  keys: readonly string[],
  patchKey?: string,
  patch: PatchStrategy = 'merge',
): ListSchema<Infer<S>, Init<S>> =>
  list(item, patchKey ? { type: 'map', keys, patch, patchKey } : { type: 'map', keys })

/** A map with string keys. */
export function map<S extends Typed<unknown, unknown>>(
  value: S,
  options: { readonly atomic?: boolean } = {},
): MapSchema<Infer<S>, Init<S>> {
  return { kind: 'map', value: value as unknown as AnySchema, atomic: options.atomic ?? false }
}

/** Refers to a schema declared later; give the return type where the compiler cannot infer a cycle. */
export const lazy = <T, I = T>(resolve: () => Typed<T, I>): LazySchema<T, I> => ({
  kind: 'lazy',
  resolve: resolve as unknown as LazySchema['resolve'],
})

/** Declares a field; one that protobuf does not carry, as in custom resources, needs no number. */
export interface DeclareField<P extends Presence> {
  <S extends Typed<unknown, unknown>>(number: number, schema: S, options?: FieldOptions): Field<S, P>
  <S extends Typed<unknown, unknown>>(schema: S, options?: FieldOptions): Field<S, P>
}

const field = <P extends Presence>(presence: P): DeclareField<P> =>
  (<S>(...args: [number, S, FieldOptions?] | [S, FieldOptions?]): Field<S, P> => {
    const [number, schema, options] = typeof args[0] === 'number' ? (args as [number, S, FieldOptions?]) : [0, ...args]
    return { number, schema: schema as S, presence, ...(options as FieldOptions | undefined) }
  }) as DeclareField<P>

/** A field that the server gives this value if it is not set: `defaulted(int32, 2)`. */
export const defaulted = <S extends Typed<unknown, unknown>>(
  schema: S,
  value: Init<S>,
  options?: FieldOptions,
): Field<S, 'embedded'> => ({ number: 0, schema, presence: 'embedded', ...options, default: value })

/** See `Presence` for what each of these promises. */
export const required = field('required')
export const optional = field('optional')
export const pointer = field('pointer')
export const embedded = field('embedded')
export const nullable = field('nullable')
export const inline = field('inline')

/**
 * Declares a message. `name` is its full protobuf name. Name the types and annotate what others refer to, so that
 * declaration files and editor hints stay short:
 *
 *     const probe = { periodSeconds: optional(3, int32) }
 *     export interface Probe extends FieldsType<typeof probe> {}
 *     export const Probe: MessageSchema<Probe> = message('k8s.io.api.core.v1.Probe', probe)
 *
 * A message that the server fills in parts of (`embedded` fields, at any depth) has a second type for what may be sent:
 * `interface PodInit extends TypeMeta, FieldsInit<typeof pod> {}`.
 */
export function message<const F extends { readonly [name: string]: Field }>(
  name: string,
  fields: F,
  options: { readonly atomic?: boolean; readonly unions?: readonly Union[] } = {},
): MessageSchema<FieldsType<F>, FieldsInit<F>> {
  const { atomic = false, ...published } = options
  return { kind: 'message', name, fields: fields as unknown as Fields, atomic, ...published }
}

/** Declares a message that JSON writes as the bare value of whichever of its fields is set. */
export function choice<const F extends { readonly [name: string]: Field }>(
  name: string,
  fields: F,
): MessageSchema<ChoiceType<F>, ChoiceInit<F>> {
  return { kind: 'message', name, fields: fields as unknown as Fields, atomic: false, choice: true }
}

/** Declares an API kind: a message with `apiVersion` and `kind`, named by the last part of its protobuf name. */
export function kind<const F extends { readonly [name: string]: Field }>(
  name: string,
  identity: KindIdentity,
  fields: F,
): Kind<TypeMeta & FieldsType<F>, TypeMeta & FieldsInit<F>> {
  const { group, version, plural, namespaced } = identity
  return {
    ...message(name, { ...typeMeta, ...fields }),
    gvk: { group, version, kind: name.slice(name.lastIndexOf('.') + 1) },
    plural,
    namespaced,
  } as unknown as Kind<TypeMeta & FieldsType<F>, TypeMeta & FieldsInit<F>>
}

const typeMeta = { kind: optional(0, string), apiVersion: optional(0, string) }

/** `message` and `kind` for one protobuf package, whose kinds are of one group and version: names without the package. */
export function inPackage(name: string, { group, version }: Pick<KindIdentity, 'group' | 'version'>) {
  return {
    message: <const F extends { readonly [name: string]: Field }>(
      type: string,
      fields: F,
      options?: Parameters<typeof message>[2],
    ): MessageSchema<FieldsType<F>, FieldsInit<F>> => message(`${name}.${type}`, fields, options),
    kind: <const F extends { readonly [name: string]: Field }>(
      type: string,
      served: Pick<KindIdentity, 'plural' | 'namespaced'>,
      fields: F,
    ): Kind<TypeMeta & FieldsType<F>, TypeMeta & FieldsInit<F>> =>
      kind(`${name}.${type}`, { group, version, ...served }, fields),
  }
}
