import assert from 'node:assert/strict'
import { it } from 'node:test'
import { embedded, keyed, list, map, message, optional, string } from '../../schema/declare.js'
import type { AnySchema } from '../../schema/types.js'
import { ObjectMeta } from '../meta/object-meta.js'
import type { Entry } from './entries.js'
import { reconciled } from './reconcile.js'

const item = message('example.Item', { name: optional(1, string), labels: optional(2, map(string)) })
const schema = (name: string): AnySchema =>
  message(name, {
    metadata: embedded(1, ObjectMeta),
    whole: optional(2, map(string, { atomic: true })),
    items: optional(3, keyed(item, ['name'])),
    list: optional(4, list(item)),
  })

it('owns as a whole what has become atomic', () => {
  const entry: Entry = {
    manager: 'm',
    operation: 'Apply',
    apiVersion: 'v1',
    subresource: '',
    time: undefined,
    fields: {
      'f:items': { 'k:{"name":"a"}': { '.': {}, 'f:labels': { 'f:x': {} } } },
      'f:list': { 'k:{"name":"a"}': { '.': {} } },
      'f:whole': { 'f:x': {} },
    },
  }
  const [after] = reconciled([entry], schema('example.Thing'))
  assert.deepEqual(after?.fields, { ...entry.fields, 'f:list': {}, 'f:whole': {} })
  assert.equal(Object.values(after?.fields ?? {})[0], Object.values(entry.fields ?? {})[0])
  assert.equal(reconciled([entry], schema('k8s.io.test.Thing'))[0], entry)
  assert.equal(reconciled([entry], undefined)[0], entry)
})
