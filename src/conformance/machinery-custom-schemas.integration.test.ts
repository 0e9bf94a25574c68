import assert from 'node:assert/strict'
import { CustomResourceDefinition, type JSONSchemaProps } from '../api/apiextensions/v1/index.js'
import { Deployment } from '../api/apps/v1/index.js'
import { pathOf } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import type { ControlPlane } from '../cluster/control-plane.js'
import { eventually } from '../controllers/eventually.js'
import type { Kind } from '../schema/index.js'
import { anything, customKind, define, definitionOf, objectWith, text, versionOf } from './custom-definitions.js'
import { rawAnswer } from './raw-answer.js'
import { read, requirements } from './requirements.js'

const groupOf = (namespace: string) => `${namespace}.example.com`

interface Published {
  readonly type?: string
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: { readonly [name: string]: Published }
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-group-version-kind'?: readonly object[]
}

/** The schema of a custom kind in both documents; undefined where it is in neither. */
async function published(client: Client, group: string, version: string, kind = 'Gadget') {
  const name = [...group.split('.').reverse(), version, kind].join('.')
  const { definitions } = (await read(client, '/openapi/v2')) as { definitions: { [name: string]: Published } }
  const { components } = (await read(client, `/openapi/v3/apis/${group}/${version}`)) as {
    components?: { schemas: { [name: string]: Published } }
  }
  const [v2, v3] = [definitions[name], components?.schemas[name]]
  assert.equal(v2 === undefined, v3 === undefined, `${name} is in one document alone`)
  return v2 && v3 ? [v2, v3] : undefined
}

/** Waits until the schema of a custom kind is published. */
const publication = (client: Client, group: string, version = 'v1', kind = 'Gadget') =>
  eventually(async () => {
    const found = await published(client, group, version, kind)
    assert.ok(found, `${group}/${version} ${kind} is published`)
    for (const schema of found) assert.deepEqual(schema['x-kubernetes-group-version-kind'], [{ group, version, kind }])
    return found
  })

const withdrawn = (client: Client, group: string, version: string) =>
  eventually(async () => assert.equal(await published(client, group, version), undefined))

/** What server-side apply with strict validation says, as `kubectl apply --server-side` asks for it. */
const applied = <T, I>(plane: ControlPlane, kind: Kind<T, I>, namespace: string, name: string, body: string) =>
  rawAnswer(
    plane,
    'PATCH',
    `${pathOf(kind, namespace, name)}?fieldManager=trial&fieldValidation=Strict`,
    body,
    'application/apply-patch+yaml',
  )

/** A definition of one version with this schema, and what a gadget of it is answered with. */
async function gadgets(client: Client, plane: ControlPlane, namespace: string, schema: JSONSchemaProps) {
  const group = groupOf(namespace)
  await define(client, definitionOf(group, { versions: [versionOf('v1', true, schema)] }))
  const tell = (content: string, metadata = '') => {
    const start = `"apiVersion":"${group}/v1","kind":"Gadget"`
    const body = `{${start},"metadata":{"name":"g"${metadata}}${content}}`
    return applied(plane, customKind(group), namespace, 'g', body)
  }
  return {
    group,
    accepts: async (content: string) => {
      const { status, text } = await tell(content)
      assert.ok(status < 300, text)
      return JSON.parse(text) as { readonly [field: string]: unknown }
    },
    refuses: async (content: string, why: RegExp, metadata = '') => {
      const { status, text } = await tell(content, metadata)
      assert.ok(status >= 400, text)
      assert.match(text, why)
    },
  }
}

requirements('sig-api-machinery: the schemas of custom resources', {}, requirement => {
  const bars = objectWith({
    spec: {
      ...objectWith({
        bars: {
          type: 'array',
          description: 'List of bars.',
          items: { ...objectWith({ name: { ...text, description: 'Name of a bar.' }, age: text }), required: ['name'] },
        },
      }),
      description: 'What is wanted.',
    },
  })

  requirement('Custom Resource OpenAPI Publish, with validation schema', async ({ client, namespace, plane }) => {
    const { group, accepts, refuses } = await gadgets(client, plane, namespace, bars)
    for (const schema of await publication(client, group)) {
      const spec = schema.properties?.spec
      assert.equal(spec?.description, 'What is wanted.')
      assert.equal(spec?.properties?.bars?.description, 'List of bars.')
      assert.equal(schema.properties?.kind?.type, 'string')
      const { items } = (spec?.properties?.bars ?? {}) as { items?: Published }
      assert.deepEqual([items?.required, items?.properties?.name?.description], [['name'], 'Name of a bar.'])
    }
    await accepts(',"spec":{"bars":[{"name":"a","age":"10"}]}')
    await refuses(',"spec":{"bars":[{"name":"a","unknown":"10"}]}', /unknown/)
    await refuses(',"spec":{"bars":[{"age":"10"}]}', /spec.bars\[0\].name: Required value/)
  })

  for (const [title, schema, at] of [
    ['with x-kubernetes-preserve-unknown-fields at root', { ...bars, ...anything }, undefined],
    ['with x-kubernetes-preserve-unknown-fields in object', anything, undefined],
    [
      'with x-kubernetes-preserve-unknown-fields in embedded object',
      objectWith({ spec: { ...anything, description: 'What is wanted.' } }),
      'spec',
    ],
  ] as const)
    requirement(`Custom Resource OpenAPI Publish, ${title}`, async ({ client, namespace, plane }) => {
      const { group, accepts } = await gadgets(client, plane, namespace, schema)
      const [v2, v3] = await publication(client, group)
      const open = [v2, v3].map(root => (at ? root?.properties?.[at] : root))
      assert.equal(open[1]?.['x-kubernetes-preserve-unknown-fields'], true)
      // Clients that check by the older document take it that there are no other fields than those it tells.
      assert.equal(open[0]?.properties, undefined)
      const content = { anything: { at: 'all' } }
      assert.deepEqual((await accepts(`,"${at ?? 'other'}":${JSON.stringify(content)}`))[at ?? 'other'], content)
    })

  requirement('Custom Resource OpenAPI Publish, varying groups', async ({ client, namespace }) => {
    for (const group of [`one.${groupOf(namespace)}`, `two.${groupOf(namespace)}`]) {
      await define(client, definitionOf(group))
      await publication(client, group)
    }
  })

  requirement('Custom Resource OpenAPI Publish, varying kinds', async ({ client, namespace }) => {
    const group = groupOf(namespace)
    await define(client, definitionOf(group))
    await define(client, definitionOf(group, {}, 'widgets'))
    for (const kind of ['Gadget', 'Widget']) await publication(client, group, 'v1', kind)
  })

  const served = (...versions: readonly string[]) => ({
    versions: versions.map((name, i) => versionOf(name, i === 0, anything)),
  })

  requirement('Custom Resource OpenAPI Publish, varying versions', async ({ client, namespace }) => {
    const group = groupOf(namespace)
    await define(client, definitionOf(group, served('v2', 'v3')))
    for (const version of ['v2', 'v3']) await publication(client, group, version)
  })

  for (const [title, then, left] of [
    ['version rename', served('v2', 'v4'), ['v2', 'v4']],
    [
      'stop serving version',
      { versions: [versionOf('v2', true, anything), versionOf('v3', false, anything, { served: false })] },
      ['v2'],
    ],
  ] as const)
    requirement(`Custom Resource OpenAPI Publish, ${title}`, async ({ client, namespace }) => {
      const group = groupOf(namespace)
      const definition = definitionOf(group, served('v2', 'v3'))
      await define(client, definition)
      await publication(client, group, 'v3')
      const patch = { type: 'merge', body: { spec: then } } as const
      await client.patch(CustomResourceDefinition, definition.metadata ?? {}, patch)
      await withdrawn(client, group, 'v3')
      for (const version of left) await publication(client, group, version)
    })

  requirement(
    'Server side field validation, unknown fields CR no validation schema',
    async ({ client, namespace, plane }) => {
      const { accepts } = await gadgets(client, plane, namespace, anything)
      assert.equal((await accepts(',"unknown":"kept"')).unknown, 'kept')
    },
  )

  requirement('Server side field validation, valid CR with validation schema', async ({ client, namespace, plane }) => {
    const { accepts } = await gadgets(client, plane, namespace, bars)
    await accepts(',"spec":{"bars":[{"name":"a"}]}')
  })

  requirement(
    'Server side field validation, unknown fields CR fails validation',
    async ({ client, namespace, plane }) => {
      const { refuses } = await gadgets(client, plane, namespace, bars)
      await refuses(',"spec":{"unknown":1}', /\.spec\.unknown: field not declared in schema/)
    },
  )

  requirement('Server side field validation, CR duplicates', async ({ client, namespace, plane }) => {
    const { refuses } = await gadgets(client, plane, namespace, anything)
    await refuses(',"unknown":"a","unknown":"b"', /key \\"unknown\\" already set in map/)
  })

  requirement('Server side field validation, unknown metadata', async ({ client, namespace, plane }) => {
    const embedded = { ...anything, 'x-kubernetes-embedded-resource': true }
    const { refuses } = await gadgets(client, plane, namespace, objectWith({ template: embedded }))
    await refuses('', /\.metadata\.unknown: field not declared in schema/, ',"unknown":"a"')
    const template = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","unknown":"a"}}'
    await refuses(`,"template":${template}`, /\.template\.metadata\.unknown: field not declared in schema/)
  })

  const deployment = (metadata = '', spec = '') =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"${metadata}},"spec":{"replicas":0${spec},` +
    '"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},' +
    '"spec":{"containers":[{"name":"c","image":"c:1"}]}}}}'

  for (const [title, body, whenApplied, whenCreated] of [
    [
      'Server side field validation, typed object',
      deployment('', ',"unknown":1,"replicas":1'),
      /key \\"replicas\\" already set in map|\.spec\.unknown: field not declared/,
      /strict decoding error: unknown field \\"spec.unknown\\", duplicate field \\"spec.replicas\\"|duplicate field \\"spec.replicas\\", unknown field \\"spec.unknown\\"/,
    ],
    [
      'Server side field validation, typed unknown metadata',
      deployment(',"unknown":1'),
      /\.metadata\.unknown: field not declared in schema/,
      /strict decoding error: unknown field \\"metadata.unknown\\"/,
    ],
  ] as const)
    requirement(title, async ({ client, namespace, plane }) => {
      const path = `${pathOf(Deployment, namespace)}?fieldValidation=Strict`
      for (const [answer, why] of [
        [await applied(plane, Deployment, namespace, 'web', body), whenApplied],
        [await rawAnswer(plane, 'POST', path, body), whenCreated],
      ] as const) {
        assert.ok(answer.status >= 400, answer.text)
        assert.match(answer.text, why)
      }
      assert.equal((await client.list(Deployment, { namespace })).items.length, 0)
    })
})
