import type { JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import { type TestServer, until } from '../test-server.js'

export const group = 'test.example.com'
export const base = `/apis/${group}/v1/namespaces/default`
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** A definition of one version, v1; `more` is laid over the version, `spec` over the definition's spec. */
export function definitionOf(plural: string, schema: JSONSchemaProps, more: object = {}, spec: object = {}) {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
      ...spec,
    },
  }
}

export const definitionPath = (plural: string): string => `${definitions}/${plural}.${group}`

/** Creates a definition and waits until it is served. */
export async function define(server: TestServer, definition: ReturnType<typeof definitionOf>): Promise<void> {
  const { status, text } = await server.http2({ method: 'POST', path: definitions, body: definition })
  if (status !== 201) throw new Error(text)
  await until(async () => {
    const { json } = await server.http2({ path: `${definitions}/${definition.metadata.name}` })
    return json.status.conditions?.some(
      ({ type, status: is }: { type: string; status: string }) => type === 'Established' && is === 'True',
    )
  })
}

/** An object of a definition made by `definitionOf`. */
export function objectOf(plural: string, name: string, content: object = {}, version = 'v1') {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1)
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, ...content }
}
