import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { CustomResourceDefinition, JSONSchemaProps } from '../v1/index.js'
import { formatWarnings } from './format-warnings.js'

it('formats that nobody checks are told, each once', () => {
  const properties: { readonly [name: string]: JSONSchemaProps } = {
    known: { type: 'string', format: 'uuid' },
    number: { type: 'integer', format: 'int64' },
    misspelt: { type: 'string', format: 'uuuid' },
    again: { type: 'array', items: { type: 'string', format: 'uuuid' } },
    misplaced: { type: 'array', format: 'cidr', items: { type: 'string' } },
  }
  const schema = { openAPIV3Schema: { type: 'object', properties } }
  const definition = { spec: { versions: [{ schema }, { schema }, {}] } } as unknown as CustomResourceDefinition
  assert.deepEqual(formatWarnings(definition), ['unrecognized format "cidr"', 'unrecognized format "uuuid"'])
})
