import {
  CustomResourceDefinition,
  type CustomResourceDefinitionInit,
  type JSONSchemaProps,
} from '../api/apiextensions/v1/index.js'
import type { Client } from '../client/client.js'
import { untypedKind } from '../client/discovery.js'
import { eventually, until } from '../controllers/eventually.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'

/** Custom objects are looked into freely. */
export type CustomObject = ApiObject & { readonly [field: string]: unknown }

/** A version that is served; `more` is laid over it. */
export const versionOf = (name: string, storage: boolean, schema: JSONSchemaProps, more: object = {}) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  ...more,
})

/** A schema of an object that keeps whatever it is given. */
export const anything: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export const objectWith = (properties: { readonly [name: string]: JSONSchemaProps }): JSONSchemaProps => ({
  type: 'object',
  properties,
})

export const text: JSONSchemaProps = { type: 'string' }

/** A definition of gadgets in `group`; `spec` is laid over its spec. One version, v1, that keeps anything, by default. */
export const definitionOf = (group: string, spec: object = {}, plural = 'gadgets'): CustomResourceDefinitionInit => ({
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural, singular: plural.slice(0, -1), kind: kindOf(plural), listKind: `${kindOf(plural)}List` },
    versions: [versionOf('v1', true, anything)],
    ...spec,
  },
})

const kindOf = (plural: string) => plural.slice(0, 1).toUpperCase() + plural.slice(1, -1)

/** What objects of a definition made by `definitionOf` are asked for with. */
export const customKind = (group: string, version = 'v1', plural = 'gadgets'): Kind<CustomObject, unknown> =>
  untypedKind({ group, version, kind: kindOf(plural), plural, namespaced: true }) as Kind<CustomObject, unknown>

/** An object of a definition made by `definitionOf`. */
export const customObject = (group: string, metadata: object, content: object = {}, version = 'v1') => ({
  apiVersion: `${group}/${version}`,
  kind: 'Gadget',
  metadata,
  ...content,
})

/** Creates a definition and waits until its objects are served. */
export async function define(client: Client, definition: CustomResourceDefinitionInit): Promise<void> {
  const { metadata } = await client.create(CustomResourceDefinition, definition)
  await eventually(async () => {
    const { status } = await client.get(CustomResourceDefinition, metadata)
    until(
      status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false,
      'the definition is established',
    )
  })
}
