import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkTypes } from '../../machinery/cel/index.js'
import { publishedType } from './published-types.js'

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const gvk = { group: 'example.com', version: 'v1', kind: 'Tree' }
const document = {
  components: {
    schemas: {
      Tree: {
        type: 'object',
        properties: {
          metadata: { allOf: [reference('Meta')], default: {} },
          children: { type: 'array', items: reference('Tree') },
          size: { type: 'integer', format: 'int32' },
          port: reference('IntOrString'),
          limits: { type: 'object', additionalProperties: reference('Quantity') },
          at: reference('Time'),
          'dashed-name': { type: 'boolean' },
          anything: {},
          lost: reference('Lost'),
          circle: reference('Circle'),
        },
        'x-kubernetes-group-version-kind': [gvk],
      },
      Meta: {
        type: 'object',
        properties: { name: { type: 'string' }, labels: { type: 'object', additionalProperties: { type: 'string' } } },
      },
      Bare: { type: 'object', 'x-kubernetes-group-version-kind': [{ ...gvk, kind: 'Bare' }] },
      IntOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
      Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
      Time: { type: 'string', format: 'date-time' },
      Circle: reference('Circle'),
    },
  },
}

describe('published types', () => {
  const object = publishedType(document, gvk)
  assert.ok(object)
  for (const [expression, fault] of [
    ['object.children[0].children.exists(child, child.size > 3)', undefined],
    ['object.size == 3', undefined],
    ['object.size == "3"', /found no matching overload for '_==_' applied to '\(int, string\)'/],
    ['object.metadata.labels["a"] == "b"', undefined],
    ['object.metadata.labels["a"] == 1', /no matching overload/],
    ['object.metadata.other', /undefined field 'other'/],
    ['object.children[0].metadata.name == ""', undefined],
    ['object.port == 1 || object.port == "a"', undefined],
    ['quantity(object.limits["cpu"]).isLessThan(quantity("1"))', undefined],
    ['object.at > timestamp("2026-01-01T00:00:00Z")', undefined],
    ['object.dashed__dash__name', undefined],
    ['object.anything.goes', undefined],
    ['object.lost.goes', undefined],
    ['object.circle.goes', undefined],
    ['object.nothing', /^ERROR: <input>:1:7: undefined field 'nothing'\n \| object.nothing\n \| ......\^$/],
  ] as const)
    it(`${fault ? 'refuse' : 'allow'} ${expression}`, () => {
      const checked = checkTypes(expression, { variables: { object } })
      const found = 'fault' in checked ? checked.fault : undefined
      if (fault) assert.match(found ?? '', fault)
      else assert.equal(found, undefined)
    })

  it('know the name of what does not publish its metadata', () => {
    const bare = publishedType(document, { ...gvk, kind: 'Bare' })
    assert.ok(bare)
    assert.ok('type' in checkTypes('object.metadata.name == object.kind', { variables: { object: bare } }))
  })

  it('are those of the kind alone', () => {
    assert.equal(publishedType(document, { ...gvk, version: 'v2' }), undefined)
    assert.equal(publishedType({}, gvk), undefined)
  })
})
