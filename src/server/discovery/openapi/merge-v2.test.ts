import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenApiSchema } from '../../../schema/index.js'
import { v3OfV2 } from './convert-v2.js'
import { mergeV2, partOfV2 } from './merge-v2.js'

const root = '/apis/example.com/v1'
const gvk = (group: string) => [{ group, version: 'v1', kind: 'Meta' }]
const document: OpenApiSchema = {
  swagger: '2.0',
  paths: {
    [`${root}/boats`]: {
      get: {
        produces: ['application/json'],
        parameters: [{ $ref: '#/parameters/pretty' }],
        responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Boat' } } },
      },
      post: {
        consumes: ['application/json'],
        parameters: [{ in: 'body', name: 'body', required: true, schema: { $ref: '#/definitions/Boat' } }],
        responses: { 401: { description: 'no' } },
      },
    },
    '/apis/example.com/v10/boats': {},
    '/secret': {},
  },
  parameters: { pretty: { in: 'query', name: 'pretty', type: 'string', uniqueItems: true }, unused: {} },
  definitions: {
    Boat: {
      type: 'object',
      properties: { metadata: { $ref: '#/definitions/Meta' }, mast: { $ref: '#/definitions/Mast' } },
    },
    Mast: { type: 'string', description: 'theirs' },
    Meta: { type: 'object', 'x-kubernetes-group-version-kind': gvk('example.com') },
    Unused: {},
  },
}

test('a part has its own paths, and what these refer to', () => {
  const part = partOfV2(document, root)
  assert.deepEqual(Object.keys(part.paths), [`${root}/boats`])
  assert.deepEqual(Object.keys(part.definitions).sort(), ['Boat', 'Mast', 'Meta'])
  assert.deepEqual(Object.keys(part.parameters), ['pretty'])
})

test('what differs gets another name, what is alike is shared, paths are replaced', () => {
  const own = {
    swagger: '2.0',
    paths: { '/version': {}, [`${root}/old`]: {} },
    definitions: {
      Mast: { type: 'string', description: 'ours' },
      Meta: { type: 'object', 'x-kubernetes-group-version-kind': gvk('') },
    },
  }
  const merged = mergeV2(own, [partOfV2(document, root)]) as unknown as {
    paths: object
    parameters: object
    definitions: { [name: string]: OpenApiSchema }
  }
  assert.deepEqual(Object.keys(merged.paths), ['/version', `${root}/boats`])
  assert.deepEqual(Object.keys(merged.definitions), ['Boat', 'Mast', 'Mast_v2', 'Meta'])
  assert.deepEqual(merged.definitions['Boat']?.['properties'], {
    metadata: { $ref: '#/definitions/Meta' },
    mast: { $ref: '#/definitions/Mast_v2' },
  })
  assert.deepEqual(merged.definitions['Meta']?.['x-kubernetes-group-version-kind'], gvk(''))
  assert.deepEqual(Object.keys(merged.parameters), ['pretty'])
})

test('documents that make no sense are none', () => {
  assert.throws(() => partOfV2({}, root), /not of OpenAPI v2/)
  const dangling = { swagger: '2.0', paths: { [root]: { $ref: '#/definitions/Nobody' } } }
  assert.throws(() => partOfV2(dangling, root), /refers to Nobody/)
})

test('a part as a document of v3', () => {
  const { paths, components } = v3OfV2(partOfV2(document, root)) as unknown as {
    paths: { [path: string]: object }
    components: { schemas: { Boat: { properties: object } } }
  }
  const schema = { $ref: '#/components/schemas/Boat' }
  assert.deepEqual(paths[`${root}/boats`], {
    get: {
      parameters: [{ in: 'query', name: 'pretty', schema: { type: 'string', uniqueItems: true } }],
      responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    },
    post: {
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: { 401: { description: 'no' } },
    },
  })
  assert.deepEqual(components.schemas.Boat.properties, {
    metadata: { $ref: '#/components/schemas/Meta' },
    mast: { $ref: '#/components/schemas/Mast' },
  })
})
