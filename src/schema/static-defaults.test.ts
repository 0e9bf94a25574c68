import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { embedded, int32, list, map, message, nullable, optional, pointer, required, string } from './declare.js'
import { decodeJson } from './json.js'
import { applyStaticDefaults } from './static-defaults.js'
import { JSONSchemaProps, Pod } from './test-messages.js'

const port = message('k8s.io.test.v1.Port', {
  protocol: optional(1, string, { default: 'TCP' }),
  weight: pointer(2, int32, { default: 5 }),
  other: required(3, string, { default: 'x' }),
  limit: nullable(4, int32, { default: 7 }),
  zero: optional(5, int32, { default: 0 }),
  names: pointer(6, list(string), { default: ['a'] }),
})
const ports = message('k8s.io.test.v1.Ports', {
  one: pointer(1, port),
  all: required(2, list(port)),
  byName: optional(3, map(port)),
  inner: embedded(4, port, { default: {} }),
  lists: optional(5, map(list(port))),
})
const full = { protocol: 'TCP', weight: 5, other: 'x', limit: 7, names: ['a'] }

describe('applyStaticDefaults', () => {
  const table: readonly (readonly [string, unknown, unknown])[] = [
    ['fills what is unset', {}, full],
    [
      'fills zeros where they count as unset',
      { protocol: '', weight: 0, other: '', limit: 0 },
      { ...full, weight: 0, limit: 0 },
    ],
    [
      'leaves what is set',
      { protocol: 'UDP', other: 'y', names: ['b'] },
      { ...full, protocol: 'UDP', other: 'y', names: ['b'] },
    ],
  ]
  for (const [what, value, expected] of table)
    it(what, () => {
      assert.deepEqual(applyStaticDefaults(port, decodeJson(port, value)), expected)
    })

  it('reaches into messages, lists and maps', () => {
    const draft = decodeJson(ports, { one: {}, all: [{}], byName: { a: {} }, lists: { b: [{}] } })
    assert.deepEqual(applyStaticDefaults(ports, draft), {
      one: full,
      all: [full],
      byName: { a: full },
      inner: full,
      lists: { b: [full] },
    })
    assert.deepEqual(applyStaticDefaults(ports, decodeJson(ports, {})), { all: null, inner: full })
  })

  it('gives every value a default of its own', () => {
    const [a, b] = [{}, {}].map(value => applyStaticDefaults(port, decodeJson(port, value)))
    assert.notEqual(a?.names, b?.names)
  })

  it('changes the draft in place and ends with types that contain themselves', () => {
    const draft = decodeJson(Pod, { spec: { containers: [{ ports: [{}] }] } })
    assert.equal(applyStaticDefaults(Pod, draft), draft)
    assert.equal(draft.spec.containers[0]?.ports?.[0]?.protocol, 'TCP')
    assert.deepEqual(applyStaticDefaults(JSONSchemaProps, { properties: { a: {} } } as object), {
      properties: { a: {} },
    })
  })
})
