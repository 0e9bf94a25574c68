import type { CustomResourceDefinitionInit } from '../api/apiextensions/v1/index.js'
import { ObjectMeta } from '../machinery/meta/index.js'
import {
  embedded,
  type Field,
  type FieldsInit,
  type FieldsType,
  type Kind,
  kind,
  type MessageSchema,
  message,
  optional,
  type TypeMeta,
} from '../schema/index.js'
import { type CustomColumns, printerColumns } from './printer-columns.js'
import { structuralSchema } from './structural-schema.js'

type DeclaredFields = { readonly [name: string]: Field }

/** How a custom resource is declared. */
export interface CustomResourceDeclaration<S extends DeclaredFields, U extends DeclaredFields> {
  /** A domain of yours, such as `example.com`. */
  readonly group: string
  /** `v1`, `v1beta1`, ... */
  readonly version: string
  /** `Website` */
  readonly kind: string
  /** How paths call it; the kind in lower case with an `s` by default. */
  readonly plural?: string
  /** `Namespaced` by default. */
  readonly scope?: 'Namespaced' | 'Cluster'
  readonly shortNames?: readonly string[]
  /** `all` shows it in `kubectl get all`. */
  readonly categories?: readonly string[]
  readonly description?: string
  /** What the users write. */
  readonly spec: S
  /** What its controller writes; only through the `status` subresource. */
  readonly status?: U
  /** What `kubectl get` shows besides name and age: `{ Replicas: '.spec.replicas' }`. */
  readonly columns?: CustomColumns
}

export type CustomObject<S, U> = TypeMeta & {
  readonly metadata: ObjectMeta
  readonly spec: FieldsType<S>
  readonly status?: FieldsType<U>
}
export type CustomObjectInit<S, U> = TypeMeta & {
  readonly metadata?: ObjectMeta
  readonly spec: FieldsInit<S>
  readonly status?: FieldsInit<U>
}

/** A custom resource: a kind as built-in ones are, by which clients and controllers name it, and its definition. */
export interface CustomResource<out T = unknown, out I = unknown> extends Kind<T, I> {
  /** What is kept in the cluster to have it served. */
  readonly definition: CustomResourceDefinitionInit
}

/**
 * Declares a custom resource in the schema language. Its definition is made, or brought up to date, when the cluster
 * starts; it stays when it is no longer declared, and so do its objects.
 *
 *     const Website = customResource({
 *       group: 'example.com',
 *       version: 'v1',
 *       kind: 'Website',
 *       spec: { html: required(string), replicas: defaulted(int32, 2, { minimum: 0 }) },
 *       status: { ready: optional(int32) },
 *       columns: { Replicas: '.spec.replicas', Ready: '.status.ready' },
 *     })
 *     type Website = Infer<typeof Website>
 */
export function customResource<const S extends DeclaredFields, const U extends DeclaredFields = Record<never, never>>(
  declaration: CustomResourceDeclaration<S, U>,
): CustomResource<CustomObject<S, U>, CustomObjectInit<S, U>> {
  const { group, version, kind: name, scope = 'Namespaced', plural = `${name.toLowerCase()}s` } = declaration
  const protobufName = (of: string) => `${group.split('.').reverse().join('.')}.${version}.${of}`
  const declared = kind(
    protobufName(name),
    { group, version, plural, namespaced: scope === 'Namespaced' },
    {
      metadata: embedded(1, ObjectMeta),
      spec: embedded(2, message(protobufName(`${name}Spec`), declaration.spec)),
      ...(declaration.status
        ? { status: optional(3, message(protobufName(`${name}Status`), declaration.status)) }
        : {}),
    },
  ) as unknown as Kind<CustomObject<S, U>, CustomObjectInit<S, U>>
  return { ...declared, definition: definitionOf(declared, declaration) }
}

function definitionOf(
  { gvk, plural, namespaced, fields }: Kind<unknown>,
  declaration: Omit<CustomResourceDeclaration<DeclaredFields, DeclaredFields>, 'columns'> & { columns?: CustomColumns },
): CustomResourceDefinitionInit {
  const { shortNames, categories, description, columns = {} } = declaration
  const schema = structuralSchema({ ...described(fields), kind: 'message', name: gvk.kind, atomic: false }, description)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${gvk.group}` },
    spec: {
      group: gvk.group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: gvk.kind,
        listKind: `${gvk.kind}List`,
        plural,
        singular: gvk.kind.toLowerCase(),
        ...(shortNames ? { shortNames } : {}),
        ...(categories ? { categories } : {}),
      },
      versions: [
        {
          name: gvk.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(declaration.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: printerColumns(schema, columns),
        },
      ],
    },
  }
}

/** The message without what every object begins with: a definition says of metadata that it is there, and no more. */
function described(fields: MessageSchema['fields']): Pick<MessageSchema, 'fields'> {
  const { metadata: _, kind: __, apiVersion: ___, ...rest } = fields
  return { fields: rest }
}
